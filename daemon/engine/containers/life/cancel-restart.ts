import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';

/** Stops waiting for a restart: the container is exited. */
export function cancelRestart(context: EngineContext, container: Container): void {
  disarmRestart(container);
  if (container.phase.state !== 'restarting') return;
  context.ledger.change(container, {
    phase: { state: 'exited', exit: container.phase.exit },
    facts: { stopRequested: true },
  });
}

export function disarmRestart(container: Container): void {
  if (container.restartTimer) clearTimeout(container.restartTimer);
  container.restartTimer = null;
}
