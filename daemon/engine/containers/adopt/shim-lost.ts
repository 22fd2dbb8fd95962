import { LikerError } from '../../../../common/errors.ts';
import type { HelloAnswer } from '../../../kernel/process/shim.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { reconnect, settleWithoutShim } from './adopt.ts';

/** Again lost so soon after it came back, a shim is given up. */
const reconnectAgainMs = 1_000;

/**
 * The shim's connection has ended without an exit before it. The connection alone may have been lost: then the container
 * goes on and its clients come back by themselves. Otherwise the shim was killed, and what it held is lost.
 */
export async function shimLost(context: EngineContext, container: Container): Promise<void> {
  container.shim = null;
  container.shimPid = 0;
  container.changed.notify();
  // An exit that was told before is about to be stored.
  if (!livePhase(container.phase) || container.ending) return;
  const processes = [container.main, ...container.execs.values()].filter((process) => process !== null);
  for (const process of processes) process.shim = null;
  const now = performance.now();
  let outcome: HelloAnswer = { kind: 'no-answer' };
  if (now - container.reconnectedAt >= reconnectAgainMs) {
    const answer = reconnect(context, container);
    container.reconnecting = answer;
    outcome = await answer;
    container.reconnecting = null;
  }
  if (outcome.kind === 'adopted') {
    container.reconnectedAt = now;
    context.log.warn('connection to a shim was lost and is back', { container: container.id });
    for (const process of processes) process.clients.drop();
    return;
  }
  const lost = new LikerError(
    'SHIM_LOST',
    `The shim of container '${container.name}' was lost, and with it the terminal and the output of its processes; they go on until the container is killed`,
    { metadata: { container: container.id } },
  );
  for (const process of processes) process.clients.drop(lost);
  await settleWithoutShim(context, container, outcome, { freshBoot: false });
}
