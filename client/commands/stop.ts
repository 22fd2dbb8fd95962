import type { StopContainerRequestInput } from '../../proto/gen/types/liker/v1/StopContainerRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Flag } from '../cli/flag.ts';
import type { Method } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { defined } from '../request/defined.ts';
import { newRequestId } from '../request/request-id.ts';
import { graceSeconds } from '../request/seconds.ts';
import { callForEach, forEachAtOnce, severalContainers } from './for-each.ts';

export const stopFlags: readonly Flag[] = [
  {
    name: 'signal',
    short: 's',
    type: 'string',
    value: 'SIGNAL',
    help: "Signal to send instead of the container's own stop signal",
  },
  {
    name: 'time',
    short: 't',
    aliases: ['timeout'],
    type: 'int',
    value: 'SECONDS',
    help: 'Time until SIGKILL; -1 waits forever',
  },
];

export const stop: Command = {
  name: 'stop',
  ...severalContainers,
  summary: 'Stop containers: signal the main process, wait, kill',
  example: 'likerctl stop -t 5 web',
  flags: stopFlags,
  run: (invocation) => stopEach(invocation, containers.StopContainer),
};

/** Calls a method that stops containers, concurrently. */
export async function stopEach(
  invocation: Invocation,
  method: Method<StopContainerRequestInput, unknown>,
): Promise<number> {
  const { flags } = invocation;
  const options = {
    signal: flags.text('signal') ?? '',
    ...defined({ timeoutSeconds: graceSeconds(flags, 'time') }),
  };
  const request = (container: string) => ({ container, ...options, requestId: newRequestId() });
  return callForEach(invocation, method, request, forEachAtOnce);
}
