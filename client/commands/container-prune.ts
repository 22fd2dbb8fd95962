import { formatBytes } from '../../common/units.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { isConfirmed } from '../output/confirm.ts';
import { printLines } from '../output/print.ts';
import { parseFilters } from './filters.ts';

export const containerPrune: Command = {
  name: 'container prune',
  usage: '',
  summary: 'Remove all containers that are not running',
  example: 'likerctl container prune -f --filter label=job=test',
  flags: [
    {
      name: 'filter',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching containers, by label, label! or until (24h, 2026-01-31, …)',
    },
    { name: 'force', short: 'f', type: 'bool', help: 'Do not ask for confirmation' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const filters = parseFilters(flags.list('filter'));
    if (!flags.bool('force') && !(await isConfirmed('This will remove all stopped containers.'))) return 0;
    const connection = await context.connect();
    const answer = await connection.unary(containers.PruneContainers, { filters });
    if (answer.containerIds.length > 0) {
      printLines(['Deleted Containers:', ...answer.containerIds, '']);
    }
    printLines([`Total reclaimed space: ${formatBytes(answer.reclaimedBytes)}`]);
    return 0;
  },
};
