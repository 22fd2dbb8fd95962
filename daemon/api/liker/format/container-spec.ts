import { signalName } from '../../../../common/signals.ts';
import type { ContainerSpecInput } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { DeviceRuleInput } from '../../../../proto/gen/types/liker/v1/DeviceRule.ts';
import type { IoResourcesInput } from '../../../../proto/gen/types/liker/v1/IoResources.ts';
import type { MountInput } from '../../../../proto/gen/types/liker/v1/Mount.ts';
import type { ResourcesInput } from '../../../../proto/gen/types/liker/v1/Resources.ts';
import type { Resources } from '../../../engine/containers/model/resources.ts';
import type {
  ContainerSpec,
  DeviceRule,
  Mount,
  Namespaces,
  Share,
} from '../../../engine/containers/model/spec.ts';
import { disconnectPolicies, limitsModes, logDrivers, restartNames, rootModes } from '../words.ts';
import { formatHealthCheck } from './health.ts';
import { formatProcessSpec } from './process.ts';

export function formatContainerSpec({ logFileBytes, logFiles, ...spec }: ContainerSpec): ContainerSpecInput {
  return {
    ...spec,
    ...setFields({ logFileBytes, logFiles }),
    rootfs: { directory: spec.rootfs.directory, mode: rootModes[spec.rootfs.mode] },
    process: formatProcessSpec(spec.process),
    namespaces: formatNamespaces(spec.namespaces),
    mounts: spec.mounts.map(formatMount),
    capAdd: [...spec.capAdd],
    capDrop: [...spec.capDrop],
    extraHosts: [...spec.extraHosts],
    dns: [...spec.dns],
    dnsSearch: [...spec.dnsSearch],
    dnsOptions: [...spec.dnsOptions],
    resources: formatResources(spec.resources),
    devices: spec.devices.map((device) => ({ ...device })),
    deviceRules: spec.deviceRules.map(formatRule),
    limits: limitsModes[spec.limits],
    logDriver: logDrivers[spec.logDriver],
    stopSignal: signalName(spec.stopSignal),
    onDisconnect: disconnectPolicies[spec.onDisconnect],
    healthCheck: spec.healthCheck && formatHealthCheck(spec.healthCheck),
    restart: { name: restartNames[spec.restart.name], maxRetries: spec.restart.maxRetries },
  };
}

/** What a table shows of a spec. */
export function formatBasicSpec(spec: ContainerSpec): ContainerSpecInput {
  const network = formatShare(spec.namespaces.network);
  return {
    name: spec.name,
    rootfs: { directory: spec.rootfs.directory, mode: rootModes[spec.rootfs.mode] },
    process: { args: [...spec.process.args] },
    ...(network !== '' && { namespaces: { network } }),
    mounts: spec.mounts.map(formatMount),
    labels: spec.labels,
  };
}

function formatNamespaces(namespaces: Namespaces): Record<keyof Namespaces, string> {
  const { pid, ipc, uts, cgroup, network } = namespaces;
  return {
    pid: formatShare(pid),
    ipc: formatShare(ipc),
    uts: formatShare(uts),
    cgroup: formatShare(cgroup),
    network: formatShare(network),
  };
}

function formatShare(share: Share): string {
  if (share.kind === 'private') return '';
  if (share.kind === 'path') return `ns:${share.path}`;
  return share.kind === 'host' ? 'host' : `container:${share.id}`;
}

function formatMount(mount: Mount): MountInput {
  const { target, readOnly } = mount;
  if (mount.type === 'tmpfs') return { type: 'TYPE_TMPFS', target, readOnly, options: [...mount.options] };
  const { source, propagation, recursive, createSource, readOnlyNonRecursive } = mount;
  return {
    type: 'TYPE_BIND',
    source,
    target,
    readOnly,
    readOnlyNonRecursive,
    propagation,
    nonRecursive: !recursive,
    createSource,
  };
}

function formatRule({ allow, type, major, minor, access }: DeviceRule): DeviceRuleInput {
  return { deny: !allow, type, access, ...setFields({ major, minor }) };
}

function formatResources(resources: Resources): ResourcesInput {
  const { cpu, memory, pids, hugetlb, io, network, cgroup } = resources;
  const { weight, ...byDevice } = io;
  return {
    cpu: setFields(cpu),
    memory: setFields(memory),
    pids: setFields(pids),
    hugetlb: hugetlb.map(({ pageSize, ...limits }) => ({ pageSize, ...setFields(limits) })),
    io: { ...setFields({ weight }), ...mutable(byDevice) },
    network: { ...setFields(network), priorities: { ...network.priorities } },
    cgroup: {
      ...setFields({ maxDescendants: cgroup.maxDescendants, maxDepth: cgroup.maxDepth }),
      settings: cgroup.settings.map((setting) => ({ ...setting })),
    },
  };
}

/** The generated types want arrays of their own. */
function mutable(lists: Omit<Resources['io'], 'weight'>): Omit<IoResourcesInput, 'weight'> {
  return Object.fromEntries(Object.entries(lists).map(([key, items]) => [key, [...items]]));
}

type Set<T> = { [K in keyof T]?: Exclude<T[K], null> };

/** Leaves out what is null: an optional field that is not there is not set. */
function setFields<T extends object>(fields: T): Set<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Set<T>;
}
