import { randomUUID } from 'node:crypto';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { defined } from '../request/resources.ts';
import { graceSeconds } from '../request/seconds.ts';
import { forEachAtOnce, severalContainers } from './for-each.ts';
import { stopFlags } from './stop.ts';

export const restart: Command = {
  name: 'restart',
  ...severalContainers,
  summary: 'Stop containers that run, and start them again',
  example: 'likerctl restart web',
  flags: stopFlags,
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const options = {
      signal: flags.text('signal') ?? '',
      ...defined({ timeoutSeconds: graceSeconds(flags, 'time') }),
    };
    return forEachAtOnce(operands, async (container) => {
      await connection.unary(containers.RestartContainer, { container, ...options, requestId: randomUUID() });
      return container;
    });
  },
};
