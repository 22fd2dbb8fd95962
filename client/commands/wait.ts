import { hasReason } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import type { WaitCondition } from '../../proto/gen/types/liker/v1/WaitCondition.ts';
import type { WaitContainerRequestInput } from '../../proto/gen/types/liker/v1/WaitContainerRequest.ts';
import type { Command } from '../cli/command.ts';
import { type Connection, endlessly } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { forEachAtOnce, severalContainers } from './for-each.ts';

/** Stands for a container that has not ended yet. */
const never = { seconds: 0, nanos: 0 };

const conditions: Readonly<Record<string, WaitCondition>> = {
  'not-running': 'WAIT_CONDITION_NOT_RUNNING',
  'next-exit': 'WAIT_CONDITION_NEXT_EXIT',
  removed: 'WAIT_CONDITION_REMOVED',
  healthy: 'WAIT_CONDITION_HEALTHY',
};

export const wait: Command = {
  name: 'wait',
  ...severalContainers,
  summary: 'Wait until containers exit and print their exit codes, or wait until they are healthy',
  example: 'likerctl wait web',
  flags: [
    {
      name: 'condition',
      type: 'string',
      choices: Object.keys(conditions),
      value: 'WHAT',
      fallback: 'not-running',
      help: 'not-running, next-exit, removed, or healthy (which prints 0)',
    },
  ],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const condition =
      own(conditions, flags.text('condition') ?? 'not-running') ?? 'WAIT_CONDITION_NOT_RUNNING';
    return forEachAtOnce(operands, async (name) => {
      const request = { ...(await present(connection, name)), condition };
      const { exit } = await connection.unary(containers.WaitContainer, request, { patienceMs: endlessly });
      return String(exit?.code ?? 0);
    });
  },
};

/**
 * Identifies the container for a wait that may have to be repeated: by its full id, by which the daemon still knows it after its
 * removal, and with its last exit, so that the next exit is not missed.
 */
async function present(
  connection: Connection,
  name: string,
): Promise<Pick<WaitContainerRequestInput, 'container' | 'knownExit'>> {
  try {
    const { container } = await connection.unary(containers.GetContainer, { container: name });
    return { container: container?.id ?? name, knownExit: container?.exit?.exitedAt ?? never };
  } catch (error) {
    // By its full id the daemon still reports how a removed container ended.
    if (hasReason(error, 'CONTAINER_NOT_FOUND')) return { container: name };
    throw error;
  }
}
