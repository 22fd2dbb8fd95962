import { asError, LikerError } from '../../../../common/errors.ts';
import { pauseAfter } from '../../../loop/retry.ts';
import type { EngineContext } from '../../context.ts';
import { LeavingError } from '../../leaving.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { Container } from '../model/container.ts';
import { startContainer } from '../verbs/start.ts';

export const restartPauses = { firstMs: 100, longestMs: 60_000 };
/** After a run of this length the pauses start over. */
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
      return exit.code !== 0 && (maxRetries === 0 || restartsInARow(container) < maxRetries);
    case 'always':
    case 'unless-stopped':
      return true;
  }
}

/** Restarts since the last run that was long enough. */
function restartsInARow(container: Container): number {
  return container.lifeMs >= steadyMs ? 0 : container.facts.restartsInARow;
}

/** A run has ended: if the policy wants the container back, puts it into `restarting` and starts it after its pause. */
export function restartByPolicy(context: EngineContext, container: Container, exit: ExitStatus): void {
  if (!wantsRestart(container, exit)) return;
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
  arm(context, container, pauseMs);
}

/**
 * As restartByPolicy, for an end that an earlier daemon did not act on: it died between the end and the decision, or, before
 * the machine started anew, a restart failed for a reason that may be gone, such as a file system that was mounted late.
 */
export function restartLeft(
  context: EngineContext,
  container: Container,
  { freshBoot }: { readonly freshBoot: boolean },
): void {
  const { phase, spec, facts, cleanUp } = container;
  if (phase.state === 'restarting') armLeft(context, container, phase.at);
  if (phase.state !== 'exited' || cleanUp) return;
  // Policy always: a stop holds until the machine starts again, and is forgotten then.
  if (freshBoot && spec.restart.name === 'always')
    context.ledger.remember(container, { stopRequested: false });
  const hasLived = phase.exit.startedAt !== null || (freshBoot && facts.restartCount > 0);
  if (hasLived) restartByPolicy(context, container, phase.exit);
}

/** `at`: when it was to be started. Bounded by its whole pause, since the clock may have been set meanwhile. */
function armLeft(context: EngineContext, container: Container, at: number): void {
  const longest = pauseAfter(restartPauses, Math.max(0, container.facts.restartsInARow - 1));
  arm(context, container, Math.min(Math.max(0, at - Date.now()), longest));
}

function arm(context: EngineContext, container: Container, pauseMs: number): void {
  const start = () => {
    // With its lease, it is removed next.
    if (context.stopping.signal.aborted || context.leases.hasEnded(container.spec.leaseId)) return;
    startContainer(context, container, { byPolicy: true }).catch((error: unknown) => {
      if (error instanceof LeavingError) return;
      context.log.warn('restart failed', { container: container.id, error: asError(error).message });
      const { phase } = container;
      // A resource that ran out may be there the next time; a start that likerd gave up as it ended is for the next likerd.
      const passing = error instanceof LikerError && ['TOO_MANY', 'STORE_FAILED'].includes(error.reason);
      if ((passing || context.stopping.signal.aborted) && 'exit' in phase)
        restartByPolicy(context, container, phase.exit);
    });
  };
  container.restartTimer = setTimeout(start, pauseMs).unref();
}
