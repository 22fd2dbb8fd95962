import { hasReason } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';
import { newRequestId } from '../request/request-id.ts';
import { forEachName, severalContainers } from './for-each.ts';

export const rm: Command = {
  name: 'rm',
  ...severalContainers,
  summary: 'Remove containers and everything that belongs to them',
  example: 'likerctl rm -f web',
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      help: 'Kill a running container; ignore a missing one',
    },
    { name: 'volumes', short: 'v', type: 'bool', help: 'Remove its anonymous volumes, too' },
  ],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const force = flags.bool('force');
    const volumes = flags.bool('volumes');
    return forEachName(operands, async (container) => {
      try {
        await connection.unary(containers.RemoveContainer, {
          container,
          force,
          volumes,
          requestId: newRequestId(),
        });
      } catch (error) {
        if (!force || !hasReason(error, 'CONTAINER_NOT_FOUND')) throw error;
        notice(error.message);
        return undefined;
      }
      return container;
    });
  },
};
