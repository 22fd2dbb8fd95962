import { signalName } from '../../../../common/signals.ts';
import type { ContainerSpecInput } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { EntrypointInput } from '../../../../proto/gen/types/liker/v1/Entrypoint.ts';
import type { MountInput } from '../../../../proto/gen/types/liker/v1/Mount.ts';
import type { NetworkConnectionInput } from '../../../../proto/gen/types/liker/v1/NetworkConnection.ts';
import type { RootfsInput } from '../../../../proto/gen/types/liker/v1/Rootfs.ts';
import {
  type ContainerSpec,
  connectionsOf,
  idmapText,
  type Mount,
  type Namespaces,
  type NetworkConnection,
  type Rootfs,
  shareText,
  userNamespaceText,
} from '../../../engine/containers/model/spec.ts';
import {
  disconnectPolicies,
  healthActions,
  limitsModes,
  logDrivers,
  restartNames,
  rootModes,
} from '../words.ts';
import { formatEgress } from './egress.ts';
import { formatProcessSpec } from './process.ts';
import { withoutNulls } from './without-nulls.ts';

export function formatContainerSpec(spec: ContainerSpec): ContainerSpecInput {
  const { healthCheck } = spec;
  return {
    ...withoutNulls(spec),
    rootfs: formatRootfs(spec.rootfs),
    entrypoint: formatEntrypoint(spec),
    process: formatProcessSpec(spec.process),
    namespaces: formatNamespaces(spec.namespaces),
    mounts: spec.mounts.map(formatMount),
    secrets: [...spec.secrets],
    networks: connectionsOf(spec).map(formatConnection),
    ports: [...spec.ports],
    egress: formatEgress(spec.egress),
    deviceRules: spec.deviceRules.map(({ allow, ...rule }) => ({ deny: !allow, ...withoutNulls(rule) })),
    limits: limitsModes[spec.limits],
    logDriver: logDrivers[spec.logDriver],
    stopSignal: signalName(spec.stopSignal),
    onDisconnect: disconnectPolicies[spec.onDisconnect],
    healthCheck: healthCheck && {
      ...withoutNulls(healthCheck),
      onFailure: healthActions[healthCheck.onFailure],
    },
    restart: { name: restartNames[spec.restart.name], maxRetries: spec.restart.maxRetries },
  };
}

/** What a table shows of a spec. */
export function formatBasicSpec(spec: ContainerSpec): ContainerSpecInput {
  const network = shareText(spec.namespaces.network);
  return {
    name: spec.name,
    rootfs: formatRootfs(spec.rootfs),
    entrypoint: formatEntrypoint(spec),
    process: { args: [...spec.process.args] },
    ...(network !== '' && { namespaces: { network } }),
    mounts: spec.mounts.map(formatMount),
    labels: spec.labels,
    exposedPorts: [...spec.exposedPorts],
    networks: connectionsOf(spec).map(formatConnection),
    ports: [...spec.ports],
  };
}

function formatConnection({ aliases, ...connection }: NetworkConnection): NetworkConnectionInput {
  return { ...connection, aliases: [...aliases] };
}

function formatRootfs(rootfs: Rootfs): RootfsInput {
  if (rootfs.kind === 'image') return { image: rootfs.name };
  return { directory: rootfs.directory, mode: rootModes[rootfs.mode] };
}

/** Set for every image, since its own is meant otherwise. */
function formatEntrypoint({ entrypoint, rootfs }: ContainerSpec): EntrypointInput | null {
  return entrypoint.length === 0 && rootfs.kind === 'directory' ? null : { args: [...entrypoint] };
}

function formatNamespaces(namespaces: Namespaces): Record<keyof Namespaces, string> {
  const { user, pid, ipc, uts, cgroup, network } = namespaces;
  return {
    user: userNamespaceText(user),
    pid: shareText(pid),
    ipc: shareText(ipc),
    uts: shareText(uts),
    cgroup: shareText(cgroup),
    network: shareText(network),
  };
}

function formatMount(mount: Mount): MountInput {
  if (mount.type === 'tmpfs') return { ...mount, type: 'TYPE_TMPFS', options: [...mount.options] };
  if (mount.type === 'volume') {
    const { volume, ...how } = mount;
    return { ...how, type: 'TYPE_VOLUME', source: volume };
  }
  if (mount.type === 'image') {
    const { image, id: _, layers: _layers, ...how } = mount;
    return { ...how, type: 'TYPE_IMAGE', source: image };
  }
  const { recursive, idmap, ...bind } = mount;
  return { ...bind, type: 'TYPE_BIND', nonRecursive: !recursive, idmap: idmapText(idmap) };
}
