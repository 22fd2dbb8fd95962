import type { ContainerSizes } from '../../storage/container-folders.ts';
import type { EngineContext } from '../context.ts';
import type { ContainerView } from './api.ts';
import { endpointViews } from './endpoint-view.ts';
import type { Container } from './model/container.ts';
import { hiddenPaths } from './model/hidden-paths.ts';
import { livePhase } from './model/phase.ts';
import { volumesOf } from './model/volume-users.ts';

export function containerView(
  context: Pick<EngineContext, 'folders' | 'volumes' | 'security' | 'networks'>,
  container: Container,
  sizes: ContainerSizes | null = null,
): ContainerView {
  const { folders, volumes, security } = context;
  const { id, spec, createdAt, phase, facts, run } = container;
  return {
    id,
    spec,
    createdAt,
    phase,
    cgroupPaths: facts.cgroupPaths,
    appliedLimits: facts.appliedLimits,
    userNamespace: facts.userNamespace,
    userNamespaceProblem: facts.userNamespaceProblem,
    networkProgram: facts.networkProgram,
    endpoints: endpointViews(context, container),
    ports: livePhase(phase) ? facts.ports : [],
    hidden: hiddenPaths(spec, security.defaultPaths),
    volumePaths: Object.fromEntries(volumesOf(spec).map((name) => [name, volumes.folderOf(name)])),
    logPath: spec.logDriver === 'none' ? '' : folders.of(id).log,
    execIds: [...(run?.execs.values() ?? [])]
      .filter((exec) => !exec.exit)
      .map((exec) => exec.identity.processId),
    attachedClients: run?.main?.clients.count ?? 0,
    clientLost: facts.clientLost,
    restartCount: facts.restartCount,
    oomKills: facts.oomKills,
    finishedAt: facts.finishedAt,
    health: facts.health,
    sizes,
  };
}
