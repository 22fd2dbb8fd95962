import { randomUUID } from 'node:crypto';
import type { Command } from '../cli/command.ts';
import type { Flag } from '../cli/flag.ts';
import { containers } from '../connection/methods.ts';
import { defined } from '../request/resources.ts';
import { graceSeconds } from '../request/seconds.ts';
import { forEachAtOnce, severalContainers } from './for-each.ts';

export const stopFlags: readonly Flag[] = [
  {
    name: 'signal',
    short: 's',
    type: 'string',
    value: 'SIGNAL',
    help: "Signal instead of the container's own",
  },
  {
    name: 'time',
    short: 't',
    aliases: ['timeout'],
    type: 'int',
    value: 'SECONDS',
    help: 'Time before SIGKILL; -1 waits for ever',
  },
];

export const stop: Command = {
  name: 'stop',
  ...severalContainers,
  summary: 'Stop containers: ask the main process to end, wait, kill',
  example: 'likerctl stop -t 5 web',
  flags: stopFlags,
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const options = {
      signal: flags.text('signal') ?? '',
      ...defined({ timeoutSeconds: graceSeconds(flags, 'time') }),
    };
    return forEachAtOnce(operands, async (container) => {
      await connection.unary(containers.StopContainer, { container, ...options, requestId: randomUUID() });
      return container;
    });
  },
};
