import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { forEachContainer, severalContainers } from './for-each.ts';

export const unpause: Command = {
  name: 'unpause',
  ...severalContainers,
  summary: 'Thaw all processes of containers',
  example: 'likerctl unpause web',
  flags: [],
  async run({ operands, context }) {
    const connection = await context.connect();
    return forEachContainer(operands, async (container) => {
      await connection.unary(containers.ResumeContainer, { container });
      return container;
    });
  },
};
