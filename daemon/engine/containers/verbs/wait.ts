import type { ExitStatus } from '../../process/exit-status.ts';
import type { WaitCondition, WaitOptions } from '../api.ts';
import type { Container } from '../model/container.ts';
import { livePhase, wrongState } from '../model/phase.ts';
import { requireHealthCheck } from './check-health.ts';

/** Waits for the condition. Null: it never ran, or it is healthy. Rejects with the signal's reason when aborted. */
export async function waitForContainer(
  container: Container,
  condition: WaitCondition,
  { knownExit, signal }: WaitOptions,
): Promise<ExitStatus | null> {
  if (condition === 'healthy') return waitUntilHealthy(container, signal);
  const exit = () => (container.phase.state === 'exited' ? container.phase.exit : null);
  const now = exit();
  const before = knownExit === null || now?.exitedAt === knownExit ? now : null;
  const over = {
    'not-running': () => !isBusy(container),
    'next-exit': () => container.removed || (!isBusy(container) && exit() !== before),
    removed: () => container.removed,
  }[condition];
  while (!over()) await container.changed.next(signal);
  return exit();
}

/** It runs, is about to run again, or what it had taken is not yet given back. */
function isBusy({ phase, run }: Container): boolean {
  return livePhase(phase) !== null || phase.state === 'restarting' || Boolean(run?.ending);
}

/** One that has ended is not waited for: it would be for ever. */
async function waitUntilHealthy(container: Container, signal: AbortSignal): Promise<null> {
  requireHealthCheck('wait for the health of', container);
  while (!livePhase(container.phase) || container.facts.health?.status !== 'healthy') {
    const { state } = container.phase;
    if (container.removed || (state === 'exited' && !container.run?.ending)) {
      throw wrongState('wait for the health of', container, 'it has ended', 'wait');
    }
    await container.changed.next(signal);
  }
  return null;
}
