import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { forEachContainer, severalContainers } from './for-each.ts';

export const pause: Command = {
  name: 'pause',
  ...severalContainers,
  summary: 'Freeze all processes of containers',
  example: 'likerctl pause web',
  flags: [],
  async run({ operands, context }) {
    const connection = await context.connect();
    return forEachContainer(operands, async (container) => {
      await connection.unary(containers.PauseContainer, { container });
      return container;
    });
  },
};
