import { asError, badArgument, LikerError } from '../../../../common/errors.ts';
import { pauseAfter } from '../../../loop/retry.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import type { ExitStatus } from '../model/phase.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { startContainer } from '../verbs/start.ts';

export const restartPauses = { firstMs: 100, longestMs: 60_000 };
/** After so long a life the pauses begin anew. */
const steadyMs = 10_000;

/** Throws BAD_ARGUMENT on `field` where the policy would start what is removed at its end. */
export function checkRestart(
  { restart, autoRemove }: Pick<ContainerSpec, 'restart' | 'autoRemove'>,
  field: string,
): void {
  if (restart.name === 'no' || !autoRemove) return;
  throw badArgument(
    field,
    `Cannot start again by policy '${restart.name}' what is removed at its end: leave out the policy or auto_remove (--rm)`,
  );
}

/** Whether the container's policy wants it back after this end. */
export function wantsRestart(container: Container, exit: ExitStatus): boolean {
  const { name, maxRetries } = container.spec.restart;
  if (container.facts.stopRequested || container.removed) return false;
  if (container.facts.restartUnhealthy) return true;
  switch (name) {
    case 'no':
      return false;
    case 'on-failure':
      return exit.code !== 0 && (maxRetries === 0 || restartsInARow(container) < maxRetries);
    case 'always':
    case 'unless-stopped':
      return true;
  }
}

/** Puts the container into `restarting` and starts it after its pause. */
export function scheduleRestart(context: EngineContext, container: Container, exit: ExitStatus): void {
  const row = restartsInARow(container);
  const pauseMs = pauseAfter(restartPauses, row);
  context.ledger.change(container, {
    phase: { state: 'restarting', exit, at: Date.now() + pauseMs },
    facts: {
      restartCount: container.facts.restartCount + 1,
      restartsInARow: row + 1,
      restartUnhealthy: false,
    },
  });
  armRestart(context, container, pauseMs);
}

/**
 * Starts the container after its pause. Without it, as after a restart of the daemon, what is left of it is told by the time
 * in the phase, as far as a clock that may have been set meanwhile can be believed.
 */
export function armRestart(context: EngineContext, container: Container, pauseMs?: number): void {
  if (container.phase.state !== 'restarting') return;
  const longest = pauseAfter(restartPauses, Math.max(0, container.facts.restartsInARow - 1));
  const leftMs = Math.min(Math.max(0, container.phase.at - Date.now()), longest);
  const start = () => {
    if (context.stopping.signal.aborted) return;
    startContainer(context, container, { byPolicy: true }).catch((error: unknown) => {
      context.log.warn('restart failed', { container: container.id, error: asError(error).message });
      const { phase } = container;
      // What has run out may be there again the next time; a start that likerd gave up at its end is for the next one.
      const passing = error instanceof LikerError && ['TOO_MANY', 'STORE_FAILED'].includes(error.reason);
      if (
        (passing || context.stopping.signal.aborted) &&
        'exit' in phase &&
        wantsRestart(container, phase.exit)
      )
        scheduleRestart(context, container, phase.exit);
    });
  };
  container.restartTimer = setTimeout(start, pauseMs ?? leftMs);
  container.restartTimer.unref();
}

/** A call wants its end. Stored before that is asked for: a daemon that sees only the end must not start it again. */
export function noteStop(context: EngineContext, container: Container): void {
  if (!container.facts.stopRequested) context.ledger.change(container, { facts: { stopRequested: true } });
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

/** None when the last life was long enough. */
function restartsInARow(container: Container): number {
  return (container.lifeMs ?? 0) >= steadyMs ? 0 : container.facts.restartsInARow;
}
