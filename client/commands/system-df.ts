import { badArgument } from '../../common/errors.ts';
import { formatBytes } from '../../common/units.ts';
import type { DiskUsage } from '../../proto/gen/types/liker/v1/DiskUsage.ts';
import type { Command } from '../cli/command.ts';
import { system } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { printRows } from '../output/print.ts';
import { detailedUsage } from './system-df-verbose.ts';

export const systemDf: Command = {
  name: 'system df',
  usage: '',
  summary: 'Show disk usage',
  example: 'likerctl system df',
  flags: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Type}} {{.Size}}'",
    },
    { name: 'verbose', short: 'v', type: 'bool', help: 'List each image, container and volume' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const connection = await context.connect();
    const format = flags.text('format') ?? '';
    let lines: string[];
    if (flags.bool('verbose')) {
      if (format !== '')
        throw badArgument('format', 'Cannot format the lists of -v: use ps -s, images or volume ls -s');
      lines = await detailedUsage(connection);
    } else {
      const { usages } = await connection.unary(system.GetDiskUsage, {});
      lines = formatList(usages.map(usageRow), format, layout);
    }
    printRows(lines);
    return 0;
  },
};

const layout: ListLayout = {
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  headings: { TotalCount: 'TOTAL' },
};

/** A row with Docker's fields. */
function usageRow({ type, total, active, sizeBytes, reclaimableBytes }: DiskUsage): Record<string, string> {
  const share = sizeBytes === 0 ? '' : ` (${Math.floor((100 * reclaimableBytes) / sizeBytes)}%)`;
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: formatBytes(sizeBytes),
    Reclaimable: formatBytes(reclaimableBytes) + share,
  };
}
