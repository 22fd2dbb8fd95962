import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { networkRow } from '../format/network-row.ts';
import { printLines, printRows } from '../output/print.ts';
import { parseFilters } from './filters.ts';

export const networkLs: Command = {
  name: 'network ls',
  usage: '',
  summary: 'List networks',
  example: 'likerctl network ls --filter type=custom',
  flags: [
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching networks, by name, id, label, label!, driver, scope, type (builtin, custom) or dangling (true: no container has it)',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Name}}'",
    },
    { name: 'no-trunc', type: 'bool', help: 'Do not shorten ids' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Only ids' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const filters = parseFilters(flags.list('filter'));
    const connection = await context.connect();
    const answer = await connection.unary(networks.ListNetworks, { filters });
    const rows = answer.networks.map((network) => networkRow(network, !flags.bool('no-trunc')));
    const format = flags.text('format') ?? '';
    if (flags.bool('quiet') && format === '') printLines(rows.map(({ ID }) => ID));
    else printRows(formatList(rows, format, layout));
    return 0;
  },
};

const layout: ListLayout = {
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  headings: { ID: 'NETWORK ID', CreatedAt: 'CREATED AT' },
};
