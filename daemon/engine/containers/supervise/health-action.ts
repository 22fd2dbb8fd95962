import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { FailureAction } from '../life/supervision.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { endLocked, stopLocked } from '../verbs/stop.ts';

const own = { timeoutSeconds: null, signal: null };

/** Does to an unhealthy container what its health check says; waits for nothing. */
export function endUnhealthy(context: EngineContext, container: Container, action: FailureAction): void {
  const done = carryOut(context, container, action);
  inBackground(context, container, 'ending an unhealthy container failed', done, { action });
}

async function carryOut(context: EngineContext, container: Container, action: FailureAction): Promise<void> {
  const { run } = container;
  if (action === 'kill') {
    context.ledger.event(container, { action: 'kill', attributes: { signal: '9' } });
    await cgroupOf(context, container).kill();
    return;
  }
  await inTurn(context, container, async () => {
    // It may have had to wait for its turn.
    if (container.run !== run || container.phase.state !== 'running') return;
    // An earlier likerd has begun to end it, and its grace period must not begin anew: this likerd is about to finish that.
    if (container.facts.begun?.ending) return;
    if (action === 'stop') return stopLocked(context, container, own);
    return endLocked(context, container, own, { verb: 'end', facts: { restartUnhealthy: true } });
  });
}
