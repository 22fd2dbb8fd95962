import { LikerError } from '../../../../common/errors.ts';
import type { HelloAnswer } from '../../../kernel/process/shim.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { reconnect } from './reconnect.ts';
import { settleWithoutShim } from './without-shim.ts';

/** Again lost so soon after it came back, a shim is given up. */
const reconnectAgainMs = 1_000;

/**
 * The shim's connection has ended without an exit before it. The connection alone may have been lost: then the container
 * goes on and its clients come back by themselves. Otherwise the shim was killed, and what it held is lost.
 */
export async function shimLost(context: EngineContext, container: Container): Promise<void> {
  const { run } = container;
  run?.loseShim();
  container.changed.notify();
  // An exit that was reported before is about to be stored.
  if (!run || !livePhase(container.phase) || run.ending) return;
  const { processes } = run;
  const now = performance.now();
  let outcome: HelloAnswer = { kind: 'no-answer' };
  if (now - run.reconnectedAt >= reconnectAgainMs) {
    const answer = reconnect(context, container);
    run.reconnecting = answer;
    outcome = await answer;
    run.reconnecting = null;
  }
  if (outcome.kind === 'adopted') {
    run.reconnectedAt = now;
    context.log.warn('connection to a shim was lost and is restored', { container: container.id });
    for (const process of processes) process.clients.drop();
    return;
  }
  const lost = new LikerError(
    'SHIM_LOST',
    `The shim of container '${container.name}' was lost, and with it the terminal and the output of its processes; they continue until the container is killed`,
    { metadata: { container: container.id } },
  );
  for (const process of processes) process.clients.drop(lost);
  await settleWithoutShim(context, container, outcome, { freshBoot: false });
}
