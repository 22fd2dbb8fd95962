import { formatBytes } from '../../common/units.ts';
import type { Finding } from '../../proto/gen/types/liker/v1/Finding.ts';
import type { Command } from '../cli/command.ts';
import { system } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { printLines, printRows } from '../output/print.ts';

export const systemCheck: Command = {
  name: 'system check',
  usage: '',
  summary: 'Compare the records with what is on the disk; exit code 1: they differ',
  example: 'likerctl system check --repair',
  flags: [
    {
      name: 'repair',
      type: 'bool',
      help: 'Remove files of images without a record, and forget images whose files are gone',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Problem}} {{.Path}}'",
    },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const format = flags.text('format') ?? '';
    const connection = await context.connect();
    const { findings } = await connection.unary(system.CheckStore, { repair: flags.bool('repair') });
    if (findings.length === 0 && format === '') printLines(['The records and the disk agree.']);
    else printRows(formatList(findings.map(rowOf), format, layout));
    return findings.every(({ isRepaired }) => isRepaired) ? 0 : 1;
  },
};

const layout: ListLayout = {
  table: '{{.Problem}}\t{{.Kind}}\t{{.Path}}\t{{.Size}}\t{{.Repaired}}\t{{.Note}}',
  headings: {},
};

function rowOf({ problem, kind, path, sizeBytes, isRepaired, note }: Finding): Record<string, string> {
  return {
    Problem: problem,
    Kind: kind,
    Path: path,
    Size: formatBytes(sizeBytes),
    Repaired: isRepaired ? 'yes' : 'no',
    Note: note,
  };
}
