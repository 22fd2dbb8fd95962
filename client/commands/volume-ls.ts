import { formatBytes } from '../../common/units.ts';
import type { Volume } from '../../proto/gen/types/liker/v1/Volume.ts';
import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { printLines, printRows } from '../output/print.ts';
import { parseFilters } from './filters.ts';

export const volumeLs: Command = {
  name: 'volume ls',
  usage: '',
  summary: 'List volumes',
  example: 'likerctl volume ls --filter dangling=true',
  flags: [
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching volumes, by name, label, label!, driver or dangling (true: no container has it)',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Name}}'",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Only names' },
    { name: 'size', short: 's', type: 'bool', help: 'Include the size of each volume' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const connection = await context.connect();
    const withSize = flags.bool('size');
    const request = { filters: parseFilters(flags.list('filter')), withSize };
    const answer = await connection.unary(volumes.ListVolumes, request);
    if (flags.bool('quiet')) printLines(answer.volumes.map(({ name }) => name));
    else {
      const layout = withSize ? { ...volumeLayout, table: `${volumeLayout.table}\t{{.Size}}` } : volumeLayout;
      printRows(formatList(answer.volumes.map(volumeRow), flags.text('format') ?? '', layout));
    }
    return 0;
  },
};

const volumeLayout: ListLayout = {
  table: '{{.Driver}}\t{{.Name}}',
  headings: { Name: 'VOLUME NAME' },
};

/** A row with Docker's fields. */
export function volumeRow({ name, labels, path, sizeBytes, containerIds }: Volume): Record<string, string> {
  return {
    Driver: 'local',
    Name: name,
    Scope: 'local',
    Mountpoint: path,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    Links: String(containerIds.length),
    Size: sizeBytes === undefined ? 'N/A' : formatBytes(sizeBytes),
  };
}
