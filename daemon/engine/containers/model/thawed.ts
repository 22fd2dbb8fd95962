import type { Container } from './container.ts';
import { wrongState } from './phase.ts';

interface Freezable {
  /** The folder of a frozen cgroup above. */
  frozenAbove(): string | null;
}

/** Throws WRONG_STATE where a cgroup above the container's is frozen: a first process there would report nothing until the thaw (T58). */
export function requireThawedAbove(container: Container, cgroup: Freezable, verb: 'exec' | 'start'): void {
  const above = cgroup.frozenAbove();
  if (above === null) return;
  const why = `the cgroup '${above}' above its own is frozen, by something other than Liker; thaw that first`;
  throw wrongState(verb === 'exec' ? 'exec in' : verb, container, why, verb);
}
