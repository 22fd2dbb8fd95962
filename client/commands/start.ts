import { LikerError } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { UsageError } from '../cli/usage-error.ts';
import { containers } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { sessionFlags } from '../session/session-flags.ts';
import { attachTo } from './attach.ts';
import { callForEach, severalContainers } from './for-each.ts';
import { startFailure } from './run-detached.ts';

export const start: Command = {
  name: 'start',
  ...severalContainers,
  summary: 'Start containers; with -a, attach to one',
  example: 'likerctl start -ai web',
  flags: [
    {
      name: 'attach',
      short: 'a',
      type: 'bool',
      help: 'Attach to the output and exit with the exit code of the container',
    },
    ...sessionFlags,
    { name: 'interactive', short: 'i', type: 'bool', help: 'Attach to stdin as well' },
  ],
  run: startContainers,
};

async function startContainers(invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  if (flags.bool('attach') || flags.bool('interactive')) return startAttached(invocation);
  return callForEach(invocation, containers.StartContainer, (container) => ({
    container,
    requestId: newRequestId(),
  }));
}

/** Starts and attaches in one call, so that no output of a short command is missed in between. */
async function startAttached({ flags, operands, context }: Invocation): Promise<number> {
  const [name = '', ...more] = operands;
  if (more.length > 0) throw new UsageError('start', 'can attach to only one container');
  const connection = await context.connect();
  try {
    return await attachTo({
      name,
      flags,
      connection,
      start: true,
      stdin: flags.bool('interactive'),
    });
  } catch (error) {
    if (error instanceof LikerError && /^COMMAND_/.test(error.reason)) return startFailure(error);
    throw error;
  }
}
