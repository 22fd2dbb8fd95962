import { badArgument } from '../../common/errors.ts';
import { formatBytes } from '../../common/units.ts';
import type { Command } from '../cli/command.ts';
import { containers, images, networks, volumes } from '../connection/methods.ts';
import { isConfirmed } from '../output/confirm.ts';
import { printLines } from '../output/print.ts';
import { parseFilters } from './filters.ts';
import { removedLines } from './removed-lines.ts';

export const systemPrune: Command = {
  name: 'system prune',
  usage: '',
  summary: 'Remove stopped containers, unused networks and images, and what broken pulls have left',
  example: 'likerctl system prune -af --volumes',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Also images with names that no container has' },
    {
      name: 'filter',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching ones, by label, label! or until (24h, 2026-01-31, …)',
    },
    { name: 'force', short: 'f', type: 'bool', help: 'Do not ask for confirmation' },
    { name: 'volumes', type: 'bool', help: 'Also anonymous volumes that no container has' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const given = flags.list('filter');
    const filters = parseFilters(given);
    const all = flags.bool('all');
    const withVolumes = flags.bool('volumes');
    if (withVolumes && filters.some(({ key }) => key === 'until'))
      throw badArgument(
        'filter',
        'Cannot use --filter until together with --volumes: volumes have no end of use',
      );
    if (!flags.bool('force') && !(await isConfirmed(warningOf({ all, withVolumes, given })))) return 0;
    const connection = await context.connect();
    let reclaimed = 0;
    const done = (what: string, lines: readonly string[], bytes: number): void => {
      if (lines.length > 0) printLines([`Deleted ${what}:`, ...lines, '']);
      reclaimed += bytes;
    };
    // In this order: containers hold networks, volumes and images.
    const stopped = await connection.unary(containers.PruneContainers, { filters });
    done('Containers', stopped.containerIds, stopped.reclaimedBytes);
    const { names } = await connection.unary(networks.PruneNetworks, { filters });
    done('Networks', names, 0);
    if (withVolumes) {
      const unused = await connection.unary(volumes.PruneVolumes, { filters, all: false });
      done('Volumes', unused.names, unused.reclaimedBytes);
    }
    const { removed, reclaimedBytes } = await connection.unary(images.PruneImages, { all, filters });
    done('Images', removed.flatMap(removedLines), reclaimedBytes);
    printLines([`Total reclaimed space: ${formatBytes(reclaimed)}`]);
    return 0;
  },
};

/** As in Docker. */
function warningOf({
  all,
  withVolumes,
  given,
}: {
  readonly all: boolean;
  readonly withVolumes: boolean;
  readonly given: readonly string[];
}): string {
  const kinds = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(withVolumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
  ];
  const list = (items: readonly string[]): string => items.map((item) => `\n  - ${item}`).join('');
  const filtered = given.length > 0 ? `\n\n  Items to be pruned will be filtered with:${list(given)}` : '';
  return `This will remove:${list(kinds)}${filtered}\n`;
}
