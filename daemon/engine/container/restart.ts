import { asError } from '../../../common/errors.ts';
import type { EngineContext } from '../context.ts';
import type { Container } from './container.ts';
import type { ExitStatus } from './phase.ts';
import { startContainer } from './verbs/start.ts';

const firstPauseMs = 100;
const longestPauseMs = 60_000;
/** After so long a life the pauses begin anew. */
const steadyMs = 10_000;

/** Whether the container's policy wants it back after this end. */
export function wantsRestart(container: Container, exit: ExitStatus): boolean {
  const { name, maxRetries } = container.spec.restart;
  if (container.facts.stopRequested || container.removed) return false;
  if (container.facts.restartUnhealthy) return true;
  switch (name) {
    case 'no':
      return false;
    case 'on-failure':
      return exit.code !== 0 && (maxRetries === 0 || restartsInARow(container, exit) < maxRetries);
    case 'always':
    case 'unless-stopped':
      return true;
  }
}

/** Puts the container into `restarting` and starts it after its pause. */
export function scheduleRestart(context: EngineContext, container: Container, exit: ExitStatus): void {
  const row = restartsInARow(container, exit);
  const pauseMs = Math.min(firstPauseMs * 2 ** row, longestPauseMs);
  context.ledger.change(container, {
    phase: { state: 'restarting', exit, at: Date.now() + pauseMs },
    facts: { restartCount: row + 1, restartUnhealthy: false },
  });
  armRestart(context, container);
}

/** Starts the container at the time that its phase says; call it again after a restart of the daemon. */
export function armRestart(context: EngineContext, container: Container): void {
  if (container.phase.state !== 'restarting') return;
  const start = () => {
    startContainer(context, container, { byPolicy: true }).catch((error: unknown) => {
      context.log.warn('restart failed', { container: container.id, error: asError(error).message });
    });
  };
  container.restartTimer = setTimeout(start, Math.max(0, container.phase.at - Date.now()));
  container.restartTimer.unref();
}

/** Ends the waiting for a restart: the container is exited. */
export function cancelRestart(context: EngineContext, container: Container): void {
  if (container.restartTimer) clearTimeout(container.restartTimer);
  container.restartTimer = null;
  if (container.phase.state !== 'restarting') return;
  context.ledger.change(container, {
    phase: { state: 'exited', exit: container.phase.exit },
    facts: { stopRequested: true },
  });
}

/** Restarts so far; none when the last life was long enough. */
function restartsInARow(container: Container, exit: ExitStatus): number {
  const lifeMs = exit.startedAt === null ? 0 : exit.exitedAt - exit.startedAt;
  return lifeMs >= steadyMs ? 0 : container.facts.restartCount;
}
