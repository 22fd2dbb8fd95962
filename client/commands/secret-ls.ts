import { formatBytes, humanDuration } from '../../common/units.ts';
import type { Secret } from '../../proto/gen/types/liker/v1/Secret.ts';
import type { Command } from '../cli/command.ts';
import { secrets } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { rfc3339, toMs } from '../format/timestamp.ts';
import { printLines, printRows } from '../output/print.ts';

export const secretLs: Command = {
  name: 'secret ls',
  usage: '',
  summary: 'List secrets',
  example: 'likerctl secret ls',
  flags: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Name}}'",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Only names' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const connection = await context.connect();
    const answer = await connection.unary(secrets.ListSecrets, {});
    if (flags.bool('quiet')) printLines(answer.secrets.map(({ name }) => name));
    else {
      const nowMs = Date.now();
      const rows = answer.secrets.map((secret) => secretRow(secret, nowMs));
      printRows(formatList(rows, flags.text('format') ?? '', secretLayout));
    }
    return 0;
  },
};

const secretLayout: ListLayout = {
  table: '{{.Name}}\t{{.CreatedSince}}\t{{.Size}}\t{{.Containers}}',
  headings: { CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
};

function secretRow(
  { name, createdAt, sizeBytes, containerIds }: Secret,
  nowMs: number,
): Record<string, string> {
  return {
    ID: name,
    Name: name,
    CreatedSince: `${humanDuration(nowMs - (toMs(createdAt) ?? nowMs))} ago`,
    CreatedAt: rfc3339(createdAt),
    Size: formatBytes(sizeBytes),
    Containers: String(containerIds.length),
  };
}
