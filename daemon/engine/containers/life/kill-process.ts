import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';

/** SIGKILL to a process and all that it has started: an exec's own cgroup, or the container. */
export function killProcess(context: EngineContext, container: Container, number: number): void {
  if (!livePhase(container.phase)) return;
  const cgroup = cgroupOf(context, container);
  const killed = number === 0 ? cgroup.kill() : cgroup.openExec(number).kill();
  inBackground(context, container, 'killing a process failed', killed);
}
