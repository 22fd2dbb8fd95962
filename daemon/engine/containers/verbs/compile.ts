import { existsSync } from 'node:fs';
import { LikerError } from '../../../../common/errors.ts';
import { makeFolder } from '../../../../common/folders.ts';
import { ringBytes } from '../../../../common/sizes.ts';
import type { ContainerGroup } from '../../../kernel/cgroup/container-cgroup.ts';
import { connection } from '../../../kernel/network/endpoint.ts';
import { encodeLaunch } from '../../../kernel/plan/encode.ts';
import type { Launch, StepOf } from '../../../kernel/plan/steps.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import { cgroupOf, type EngineContext, rootMountPoint, runFolderOf } from '../../context.ts';
import { layerFolders } from '../../images/roots.ts';
import type { LinkEndpoint } from '../../kernel.ts';
import type { Container } from '../model/container.ts';
import { hiddenPaths } from '../model/hidden-paths.ts';
import { containerHostname } from '../model/hostname.ts';
import { livePhase } from '../model/phase.ts';
import type { ContainerSpec, Rootfs } from '../model/spec.ts';
import { containerPlan } from '../plan/container.ts';
import { hostFiles, type NetworkSide } from '../plan/host-files.ts';
import type { UserNamespace } from '../plan/id-maps.ts';
import type { PlannedMount } from '../plan/mounts.ts';
import { askedUser } from '../plan/user.ts';
import { connectingProgram, isConnected } from '../rules/connection.ts';
import { checkDirectory } from '../rules/host-paths.ts';
import { type ContainerDevices, oomScoreFor } from '../rules/limits.ts';
import { checkPropagation } from '../rules/mounts.ts';
import { type BareBind, mountsBelow, planMounts } from './plan-mounts.ts';
import { rightsOfMain } from './rights.ts';

const usualLogFileBytes = 20 * 1024 * 1024;
const usualLogFiles = 5;

interface PlanValues {
  readonly devices: ContainerDevices;
  /** Empty: it is connected to nothing. */
  readonly links: readonly LinkEndpoint[];
  readonly attended: boolean;
}

/** The plan of a start for the shim, in bytes. Makes the sources of mounts that are to be made, and the layer ready to be mounted. */
export function encodedPlan(
  context: EngineContext,
  container: Container,
  values: PlanValues,
): { readonly plan: Buffer; readonly bareBinds: readonly BareBind[] } {
  const { id, spec } = container;
  makeMountSources(spec);
  const { mounts, bareBinds } = planMounts(context, container);
  // A layer that is thrown away with the container need not reach the disk; one that is mounted again must.
  if (!spec.autoRemove) context.folders.clearVolatileMark(id);
  checkPropagation(context, spec);
  const cgroup = cgroupOf(context, container);
  const plan = encodeLaunch(compile(context, container, { ...values, mounts, cgroup }), {
    containerId: id,
    runDir: runFolderOf(context, id),
    logDir: spec.logDriver === 'none' ? '' : context.folders.of(id).log,
    logSegmentBytes: spec.logFileBytes ?? usualLogFileBytes,
    logSegments: spec.logFiles ?? usualLogFiles,
    ringBytes,
    oomFile: cgroup.oomFile,
    network: connectingProgram(context, container),
  });
  return { plan, bareBinds };
}

/** The plan of the container's next start, as of now. Changes nothing. */
export function compile(
  context: EngineContext,
  container: Container,
  {
    devices,
    links,
    mounts,
    cgroup,
    attended,
  }: PlanValues & { readonly mounts: readonly PlannedMount[]; readonly cgroup: ContainerGroup },
): Launch {
  const { id, spec } = container;
  const { rootfs } = spec;
  if (rootfs.kind === 'directory') checkDirectory(rootfs);
  const hostname = containerHostname(container);
  // Before the user namespace, which comes with what was asked for.
  const shared = sharedProcesses(context, container);
  const userNamespace = userNamespaceOf(context, container);
  const connected = isConnected(context, spec);
  return containerPlan({
    spec,
    hostname,
    mountPoint: rootMountPoint(context),
    userNamespace,
    overlay: {
      lowers: lowerFolders(context, rootfs),
      layer: context.folders.of(id).base,
      volatile: spec.autoRemove,
      userXattr: !context.users.isRootOnHost,
    },
    mounts,
    mountsBelow:
      rootfs.kind === 'image' || rootfs.mode === 'overlay' ? [] : mountsBelow(context, rootfs.directory),
    files: hostFiles(spec, hostname, {
      network: connected || links.length > 0 ? networkSide(context, links) : null,
      nameServer: connected ? (context.network.pasta?.nameServer ?? null) : null,
    }),
    connect: links.length === 0 ? null : connectStep(context, id, links),
    connected,
    secrets: spec.secrets.map(({ name }) => context.secrets.read(name, container.name)),
    fileStore: runFolderOf(context, id),
    cgroup,
    cgroupPaths: cgroup.shown,
    writableCgroups: spec.process.privileged ? Object.keys(cgroup.shown) : cgroup.delegated,
    credentials: { user: askedUser(spec.process), ...rightsOfMain(context.security, spec) },
    hidden: hiddenPaths(spec, context.security.defaultPaths),
    ownLastGroup: context.security.lastGroup,
    networkSysctls: context.network.sysctls,
    devices: devices.nodes,
    oomScore: oomScoreFor(context, spec.process),
    shared,
    foreign: new Set(
      (['network', 'ipc', 'pid'] as const).filter((kind) => isForeign(context, container, kind)),
    ),
    isRootOnHost: context.users.isRootOnHost,
    attended,
  });
}

function connectStep(
  { network }: EngineContext,
  containerId: string,
  links: readonly LinkEndpoint[],
): StepOf<'connect'> {
  return { step: 'connect', ...connection(links), resolver: network.resolver?.socket ?? '', containerId };
}

/** Where each container finds the resolver of names: in its own network namespace. */
const resolver = '127.0.0.11';

/** What it has as it is connected. Without links pasta connects it, which knows no names. */
export function networkSide({ network }: EngineContext, links: readonly LinkEndpoint[]): NetworkSide {
  const { pasta } = network;
  if (pasta !== null)
    return { addresses: pasta.addresses(), gateways: pasta.hostAddresses(), resolver: null };
  return {
    addresses: links.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    gateways: links.flatMap(({ gateways }) => gateways),
    resolver: network.resolver === null ? null : resolver,
  };
}

/** What is below the container's own layer, the uppermost first. */
export function lowerFolders(context: EngineContext, rootfs: Rootfs): string[] {
  if (rootfs.kind === 'directory') return [rootfs.directory];
  return layerFolders(context.images, rootfs.layers);
}

/** The user namespace of a container that is about to start. */
function userNamespaceOf(context: EngineContext, container: Container): UserNamespace {
  const { userNamespace } = container.facts;
  const { user } = container.spec.namespaces;
  if (userNamespace === null) return null;
  const { maps } = userNamespace;
  if (user.kind !== 'container') return { kind: 'own', maps };
  return { kind: 'join', maps, process: processToShare(context, container, user.id, 'user') };
}

/** Whether a namespace that the container uses was made outside its user namespace. */
function isForeign(context: EngineContext, { spec }: Container, kind: 'network' | 'ipc' | 'pid'): boolean {
  const share = spec.namespaces[kind];
  if (share.kind === 'container') return isForeign(context, context.registry.get(share.id), kind);
  return share.kind !== 'private';
}

/** Docker's -v makes a missing source on the host. */
export function makeMountSources({ mounts }: Pick<ContainerSpec, 'mounts'>): void {
  for (const mount of mounts) {
    if (mount.type === 'bind' && mount.createSource && !existsSync(mount.source)) {
      makeFolder(mount.source, 0o755);
    }
  }
}

/** First processes of the containers whose namespaces this one shares. */
function sharedProcesses(
  context: EngineContext,
  container: Container,
): Partial<Record<'pid' | 'ipc' | 'network', HostProcess>> {
  const shared: Partial<Record<'pid' | 'ipc' | 'network', HostProcess>> = {};
  for (const kind of ['pid', 'ipc', 'network'] as const) {
    const share = container.spec.namespaces[kind];
    if (share.kind !== 'container') continue;
    shared[kind] = processToShare(context, container, share.id, kind);
  }
  return shared;
}

/** The first process of a container that another one shares a namespace of. Throws WRONG_STATE unless it runs. */
function processToShare(
  context: EngineContext,
  container: Container,
  id: string,
  kind: 'user' | 'pid' | 'ipc' | 'network',
): HostProcess {
  const other = context.registry.get(id);
  const live = livePhase(other.phase);
  if (live) return live.main;
  throw new LikerError(
    'WRONG_STATE',
    `Cannot start container '${container.name}': it shares the ${kind} namespace of container '${other.name}', which is not running; start that first`,
    { metadata: { container: container.id, other: other.id, namespace: kind } },
  );
}
