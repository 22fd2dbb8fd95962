import type { WaitCondition } from '../../api.ts';
import type { Container } from '../container.ts';
import { type ExitStatus, livePhase } from '../phase.ts';

/** Waits for the condition. Null: it never ran. Rejects with the signal's reason when aborted. */
export async function waitForContainer(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ExitStatus | null> {
  const exit = () => (container.phase.state === 'exited' ? container.phase.exit : null);
  const before = exit();
  const over = {
    'not-running': () => !isBusy(container),
    'next-exit': () => container.removed || (!isBusy(container) && exit() !== before),
    removed: () => container.removed,
  }[condition];
  while (!over()) await container.changed.next(signal);
  return exit();
}

/** It runs, is about to run again, or what it had taken is not yet given back. */
function isBusy({ phase, ending }: Container): boolean {
  return livePhase(phase) !== null || phase.state === 'restarting' || ending !== null;
}
