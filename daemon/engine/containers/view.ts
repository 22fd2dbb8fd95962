import type { ContainerSizes } from '../../storage/container-folders.ts';
import type { ContainerView } from '../api.ts';
import type { Container } from './model/container.ts';

/** A container as the edge sees it. `logPath` is empty when it has no log. */
export function containerView(
  container: Container,
  logPath: string,
  sizes: ContainerSizes | null,
): ContainerView {
  const { id, spec, createdAt, phase, facts, main, execs } = container;
  return {
    id,
    spec,
    createdAt,
    phase,
    cgroupPaths: facts.cgroupPaths,
    appliedLimits: facts.appliedLimits,
    logPath,
    execIds: [...execs.values()].filter((exec) => !exec.exit).map((exec) => exec.identity.processId),
    attachedClients: main?.attachedClients ?? 0,
    clientLost: facts.clientLost,
    restartCount: facts.restartCount,
    oomKills: facts.oomKills,
    finishedAt: facts.finishedAt,
    health: facts.health,
    sizes,
  };
}
