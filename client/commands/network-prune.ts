import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';
import { isConfirmed } from '../output/confirm.ts';
import { printLines } from '../output/print.ts';
import { parseFilters } from './filters.ts';

export const networkPrune: Command = {
  name: 'network prune',
  usage: '',
  summary: 'Remove the networks that no container has',
  example: 'likerctl network prune -f --filter until=24h',
  flags: [
    {
      name: 'filter',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching networks, by label, label! or until (24h, 2026-01-31, …)',
    },
    { name: 'force', short: 'f', type: 'bool', help: 'Do not ask for confirmation' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const filters = parseFilters(flags.list('filter'));
    const warning = 'This will remove all networks that no container has.';
    if (!flags.bool('force') && !(await isConfirmed(warning))) return 0;
    const connection = await context.connect();
    const { names } = await connection.unary(networks.PruneNetworks, { filters });
    if (names.length > 0) printLines(['Deleted Networks:', ...names, '']);
    return 0;
  },
};
