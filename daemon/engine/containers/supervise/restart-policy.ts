import type { ExitStatus } from '../../process/exit-status.ts';
import type { Container } from '../model/container.ts';

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
export function restartsInARow(container: Container): number {
  return container.lifeMs >= steadyMs ? 0 : container.facts.restartsInARow;
}
