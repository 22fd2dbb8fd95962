import type { ContainerInput } from '../../../../proto/gen/types/liker/v1/Container.ts';
import type { ContainerStateInput } from '../../../../proto/gen/types/liker/v1/ContainerState.ts';
import type { EndpointInput } from '../../../../proto/gen/types/liker/v1/Endpoint.ts';
import type { HealthInput } from '../../../../proto/gen/types/liker/v1/Health.ts';
import type { HealthProbeInput } from '../../../../proto/gen/types/liker/v1/HealthProbe.ts';
import type { UserNamespaceInput } from '../../../../proto/gen/types/liker/v1/UserNamespace.ts';
import type { ContainerView, EndpointView } from '../../../engine/containers/api.ts';
import type { UserNamespaceFacts } from '../../../engine/containers/model/facts.ts';
import type { Health, HealthProbe } from '../../../engine/containers/model/health.ts';
import type { Phase, State } from '../../../engine/containers/model/phase.ts';
import { formatBasicSpec, formatContainerSpec } from './container-spec.ts';
import { formatExit } from './process.ts';
import { timestampOfMs } from './time.ts';

export const containerStates = {
  created: 'CONTAINER_STATE_CREATED',
  running: 'CONTAINER_STATE_RUNNING',
  paused: 'CONTAINER_STATE_PAUSED',
  orphaned: 'CONTAINER_STATE_ORPHANED',
  exited: 'CONTAINER_STATE_EXITED',
  restarting: 'CONTAINER_STATE_RESTARTING',
} as const satisfies Readonly<Record<State, ContainerStateInput>>;

export function formatContainer(view: ContainerView): ContainerInput {
  return {
    ...formatFacts(view),
    spec: formatContainerSpec(view.spec),
    cgroupPaths: view.cgroupPaths,
    appliedLimits: [...view.appliedLimits],
    maskedPaths: [...view.hidden.masked],
    readOnlyPaths: [...view.hidden.readOnly],
    logPath: view.logPath,
    volumePaths: view.volumePaths,
    execIds: [...view.execIds],
    health: view.health && formatHealth(view.health),
    userNamespace: view.userNamespace && formatUserNamespace(view.userNamespace),
    userNamespaceProblem: view.userNamespaceProblem,
  };
}

export function formatUserNamespace({ maps, owner }: UserNamespaceFacts): UserNamespaceInput {
  return { uids: [...maps.uids], gids: [...maps.gids], owner };
}

/** What a table shows of a container. */
export function formatBasicContainer(view: ContainerView): ContainerInput {
  return {
    ...formatFacts(view),
    spec: formatBasicSpec(view.spec),
    health: view.health && formatHealth({ ...view.health, log: [] }),
  };
}

function formatFacts(view: ContainerView): ContainerInput {
  return {
    id: view.id,
    createdAt: timestampOfMs(view.createdAt),
    state: containerStates[view.phase.state],
    ...formatPhase(view.phase),
    attachedClients: view.attachedClients,
    clientLost: view.clientLost,
    restartCount: view.restartCount,
    oomKills: view.oomKills,
    networkProgram: view.networkProgram,
    endpoints: view.endpoints.map(formatEndpoint),
    ports: [...view.ports],
    imageId: view.spec.rootfs.kind === 'image' ? view.spec.rootfs.id : '',
    imageVolumes: [...view.spec.imageVolumes],
    ...(view.finishedAt !== null && { finishedAt: timestampOfMs(view.finishedAt) }),
    ...view.sizes,
  };
}

function formatEndpoint({ aliases, names, ...endpoint }: EndpointView): EndpointInput {
  return { ...endpoint, aliases: [...aliases], names: [...names] };
}

/** The fields that depend on the phase. */
function formatPhase(phase: Phase): Pick<ContainerInput, 'pid' | 'shimPid' | 'startedAt' | 'exit'> {
  switch (phase.state) {
    case 'created':
      return {};
    case 'running':
    case 'paused':
      return { pid: phase.main.pid, shimPid: phase.shimPid, startedAt: timestampOfMs(phase.startedAt) };
    case 'orphaned':
      return { pid: phase.main.pid, startedAt: timestampOfMs(phase.startedAt) };
    case 'exited':
    case 'restarting':
      return {
        exit: formatExit(phase.exit),
        ...(phase.exit.startedAt !== null && { startedAt: timestampOfMs(phase.exit.startedAt) }),
      };
  }
}

const healthStatuses = {
  starting: 'HEALTH_STATUS_STARTING',
  healthy: 'HEALTH_STATUS_HEALTHY',
  unhealthy: 'HEALTH_STATUS_UNHEALTHY',
} as const;

export function formatHealth({ status, failingStreak, log }: Health): HealthInput {
  return { status: healthStatuses[status], failingStreak, log: log.map(formatProbe) };
}

export function formatProbe({ startedAt, endedAt, exitCode, output }: HealthProbe): HealthProbeInput {
  return { startedAt: timestampOfMs(startedAt), endedAt: timestampOfMs(endedAt), exitCode, output };
}
