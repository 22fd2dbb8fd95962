import { formatBytes } from '../../common/units.ts';
import type { Secret } from '../../proto/gen/types/liker/v1/Secret.ts';
import type { Command } from '../cli/command.ts';
import { secrets } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { rfc3339 } from '../format/timestamp.ts';
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
    else printRows(formatList(answer.secrets.map(secretRow), flags.text('format') ?? '', secretLayout));
    return 0;
  },
};

const secretLayout: ListLayout = {
  table: '{{.Name}}\t{{.CreatedAt}}\t{{.Size}}\t{{.Containers}}',
  headings: { CreatedAt: 'CREATED' },
};

function secretRow({ name, createdAt, sizeBytes, containerIds }: Secret): Record<string, string> {
  return {
    ID: name,
    Name: name,
    CreatedAt: rfc3339(createdAt),
    Size: formatBytes(sizeBytes),
    Containers: String(containerIds.length),
  };
}
