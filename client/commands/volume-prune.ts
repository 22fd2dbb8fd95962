import { formatBytes } from '../../common/units.ts';
import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { isConfirmed } from '../output/confirm.ts';
import { printLines } from '../output/print.ts';
import { parseFilters } from './filters.ts';

export const volumePrune: Command = {
  name: 'volume prune',
  usage: '',
  summary: 'Remove the anonymous volumes that no container has',
  example: 'likerctl volume prune -f --filter label=job=test',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Those with names, too' },
    { name: 'filter', type: 'list', value: 'KEY=VALUE', help: 'Only matching volumes, by label or label!' },
    { name: 'force', short: 'f', type: 'bool', help: 'Do not ask for confirmation' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const filters = parseFilters(flags.list('filter'));
    const all = flags.bool('all');
    const which = all ? 'all volumes' : 'all anonymous volumes';
    const warning = `This will remove ${which} that no container has, with their files.`;
    if (!flags.bool('force') && !(await isConfirmed(warning))) return 0;
    const connection = await context.connect();
    const answer = await connection.unary(volumes.PruneVolumes, { filters, all });
    if (answer.names.length > 0) printLines(['Deleted Volumes:', ...answer.names, '']);
    printLines([`Total reclaimed space: ${formatBytes(answer.reclaimedBytes)}`]);
    return 0;
  },
};
