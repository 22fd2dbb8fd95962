import { formatBytes } from '../../common/units.ts';
import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { isConfirmed } from '../output/confirm.ts';
import { printLines } from '../output/print.ts';
import { parseFilters } from './filters.ts';
import { removedLines } from './removed-lines.ts';

export const imagePrune: Command = {
  name: 'image prune',
  usage: '',
  summary: 'Remove images without a name, or all that no container has, and what broken pulls have left',
  example: 'likerctl image prune -af --filter until=24h',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Also images with names that no container has' },
    {
      name: 'filter',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching images, by label, label! or until (24h, 2026-01-31, …)',
    },
    { name: 'force', short: 'f', type: 'bool', help: 'Do not ask for confirmation' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const filters = parseFilters(flags.list('filter'));
    const all = flags.bool('all');
    const warning = all
      ? 'This will remove all images without at least one container associated to them.'
      : 'This will remove all dangling images.';
    if (!flags.bool('force') && !(await isConfirmed(warning))) return 0;
    const connection = await context.connect();
    const { removed, reclaimedBytes } = await connection.unary(images.PruneImages, { all, filters });
    if (removed.length > 0) printLines(['Deleted Images:', ...removed.flatMap(removedLines), '']);
    printLines([`Total reclaimed space: ${formatBytes(reclaimedBytes)}`]);
    return 0;
  },
};
