import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { forEachName } from './for-each.ts';

export const mountRm: Command = {
  name: 'mount rm',
  usage: 'CONTAINER TARGET [TARGET...]',
  summary: 'Take mounts away from a container, at once if it is running',
  example: 'likerctl mount rm web /www',
  flags: [
    {
      name: 'lazy',
      short: 'l',
      type: 'bool',
      help: 'Even if it is in use: programs keep the files that they have open',
    },
  ],
  operands: [2, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const [container = '', ...targets] = operands;
    const lazy = flags.bool('lazy');
    const connection = await context.connect();
    return forEachName(targets, async (target) => {
      const request = { container, target, lazy, requestId: newRequestId() };
      await connection.unary(containers.RemoveMount, request);
      return target;
    });
  },
};
