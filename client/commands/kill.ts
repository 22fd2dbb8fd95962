import { randomUUID } from 'node:crypto';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { forEachContainer, severalContainers } from './for-each.ts';

export const kill: Command = {
  name: 'kill',
  ...severalContainers,
  summary: 'Send a signal to the main process of containers',
  example: 'likerctl kill -s HUP web',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Signal every process of the container' },
    {
      name: 'signal',
      short: 's',
      type: 'string',
      value: 'SIGNAL',
      fallback: 'SIGKILL',
      help: 'Name or number of the signal',
    },
  ],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const signal = flags.text('signal') ?? '';
    const scope = flags.bool('all') ? 'KILL_SCOPE_ALL' : 'KILL_SCOPE_MAIN';
    return forEachContainer(operands, async (container) => {
      await connection.unary(containers.KillContainer, { container, signal, scope, requestId: randomUUID() });
      return container;
    });
  },
};
