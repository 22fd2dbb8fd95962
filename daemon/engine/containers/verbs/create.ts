import { randomBytes } from 'node:crypto';
import { badArgument, LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import { shortId } from '../../../../common/ids.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { type ImageRoot, resolveImage } from '../../images/roots.ts';
import { type RequestKey, resultOf } from '../../journal/requests.ts';
import { Container } from '../model/container.ts';
import type { ContainerEvent } from '../model/container-event.ts';
import { defaultHostname } from '../model/hostname.ts';
import { withImageDefaults } from '../model/image-defaults.ts';
import { makeName } from '../model/name.ts';
import { resultIsGone } from '../model/removed.ts';
import type { Resources } from '../model/resources.ts';
import { type AskedSpec, type ContainerSpec, type Share, withDefaults } from '../model/spec.ts';
import { withSystemdDefaults } from '../model/systemd.ts';
import { checkSpec } from '../rules/check-spec.ts';
import { connectedBy } from '../rules/connection.ts';
import { checkDeviceLimits } from '../rules/devices.ts';
import { checkHostPaths } from '../rules/host-paths.ts';
import { forSystemd, withInit } from '../rules/init.ts';
import { requireLayers } from '../rules/layers.ts';
import { checkLimits, givenDevices, warningOf } from '../rules/limits.ts';
import { checkNetwork } from '../rules/network-rate.ts';
import { withNetworks } from '../rules/networks.ts';
import { checkProcMount } from '../rules/security.ts';
import { systemdWarning } from '../rules/systemd.ts';
import { checkMapped, chooseUserNamespace, userNamespaceWarning } from '../rules/user-namespace.ts';
import { findMountImages } from './mount-images.ts';
import { bareBindWarning, planMounts } from './plan-mounts.ts';
import { removeContainer } from './remove.ts';
import { rightsOfMain } from './rights.ts';
import { makeVolumes, withVolumes } from './volumes.ts';

/** Makes a container, or answers the one that the same request made before. If anything fails, nothing is left behind. */
export async function createContainer(
  context: EngineContext,
  asked: AskedSpec,
  options: {
    readonly replace: boolean;
    readonly request: RequestKey | null;
    readonly attended?: boolean;
  },
): Promise<Container> {
  const first = options.request && resultOf(context.journal, options.request);
  if (first !== null) return stillThere(context, options.request, first);
  using image = await imageOf(context, asked);
  const given = completeSpec(asked, image);
  checkSpec(given);
  using found = await findMountImages(context, given.mounts);
  const spec = { ...given, mounts: [...found.mounts] };
  await checkHost(context, spec);
  // Another call with the same request_id may have arrived meanwhile.
  const made = resultOf(context.journal, options.request);
  if (made !== null) return stillThere(context, options.request, made);
  const name = nameFor(context, spec);
  const holder = requireRoom(context, spec, { name, replace: options.replace });
  const id = randomBytes(32).toString('hex');
  const values = { id, name, attended: options.attended ?? false };
  if (holder) {
    // What is refused is refused before the other one is gone.
    newContainer(context, spec, values);
    await removeContainer(context, holder, { force: true });
  }
  // In the same turn it is stored, and so is its range of ids.
  const container = newContainer(context, spec, values);
  // The name is ours from here on, also while the folders are made.
  context.registry.add(container);
  using undo = new DisposableStack();
  undo.defer(() => context.registry.delete(container));
  undo.defer(() => context.folders.remove(id));
  try {
    for (const volume of makeVolumes(context, container.spec, spec))
      undo.defer(() => context.volumes.remove(volume));
    context.folders.create(id);
    limitLayer(context, container);
    context.ledger.insert(container, options.request, ...userNamespaceEvents(container));
    undo.move();
  } catch (error) {
    throw tellSystemError(error, `create container '${name}'`);
  }
  return container;
}

/** Errors: LIMIT_REFUSED. */
function limitLayer({ folders, users, paths, mounts }: EngineContext, { id, name, spec }: Container): void {
  const { layerSizeBytes: bytes } = spec;
  if (bytes === 0) return;
  const cannot = `Cannot limit the layer of container '${name}' to ${bytes} bytes`;
  const refuse = (why: string): LikerError =>
    new LikerError('LIMIT_REFUSED', `${cannot}: ${why}`, {
      field: 'spec.layer_size_bytes',
      metadata: { container: id, root: paths.root },
    });
  if (!users.isRootOnHost)
    throw refuse('likerd runs without root, and only root may set quotas; leave --storage-opt out');
  try {
    folders.limit(id, bytes);
  } catch (error) {
    if (!(error instanceof LikerError) || !noQuotas.has(error.syscall?.errno ?? '')) throw error;
    throw refuse(
      `the file system of '${paths.root}' (${mounts.of(paths.root).type}) has no project quotas in use (${error.syscall?.syscall}: ${error.syscall?.errno}); put --root on ext4 (tune2fs -O quota,project) or xfs that is mounted with prjquota, or use --read-only and --tmpfs /PATH:size=64m`,
    );
  }
}

/** What kernels and file systems without them answer. */
const noQuotas = new Set(['ENOSYS', 'ENOTTY', 'EOPNOTSUPP', 'ESRCH', 'EINVAL']);

/** That it has the host's user namespace though the default is another. */
function userNamespaceEvents({ facts: { userNamespaceProblem: problem } }: Container): ContainerEvent[] {
  return problem === '' ? [] : [{ action: 'userns_not_applied', attributes: { problem } }];
}

/** What its caller should know: that it has another user namespace than the default, that systemd cannot start, and limits that are left out. */
export function createWarnings(
  context: EngineContext,
  { id, spec, facts }: Pick<Container, 'id' | 'spec' | 'facts'>,
): string[] {
  const ofUsers = userNamespaceWarning(context, facts);
  const left =
    spec.limits === 'strict' ? [] : [...checkLimits(context, spec), ...checkNetwork(context, spec)];
  const { bareBinds } = planMounts(context, { id, spec, facts });
  const { delegated } = cgroupOf(context, { id, spec, facts });
  const ofSystemd = systemdWarning(spec, context.cgroups.layout, delegated);
  return [
    ...[ofUsers, ofSystemd].filter((warning) => warning !== null),
    ...bareBinds.map(bareBindWarning),
    ...left.map(warningOf),
  ];
}

/** Stands for the id that a create would choose. */
const draftId = 'ID';

/** The container that a create with this spec would make, with its errors. Nothing is made, and no name is taken. */
export async function draftContainer(
  context: EngineContext,
  asked: AskedSpec,
  { replace }: { readonly replace: boolean },
): Promise<Container> {
  using image = await imageOf(context, asked);
  const given = completeSpec(asked, image);
  checkSpec(given);
  using found = await findMountImages(context, given.mounts);
  const spec = { ...given, mounts: [...found.mounts] };
  await checkHost(context, spec);
  const name = nameFor(context, spec);
  requireRoom(context, spec, { name, replace });
  return newContainer(context, spec, { id: draftId, name, attended: false });
}

/** Its image, which stays until it is disposed of; null: its root is a directory. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID. */
async function imageOf(context: EngineContext, { rootfs }: AskedSpec): Promise<ImageRoot | null> {
  return rootfs.kind === 'image' ? await resolveImage(context.images, rootfs.name) : null;
}

function completeSpec(asked: AskedSpec, image: ImageRoot | null): ContainerSpec {
  if (image === null || asked.rootfs.kind !== 'image') return complete(asked);
  const { id, diffIds, configuration } = image;
  requireLayers(image, asked.rootfs.name, 'spec.rootfs.image');
  return complete({
    ...withImageDefaults(asked, configuration.config),
    rootfs: { kind: 'image', name: asked.rootfs.name, id, layers: diffIds },
  });
}

function complete(asked: AskedSpec): ContainerSpec {
  const systemd = forSystemd(asked);
  return withDefaults({
    ...(systemd ? withSystemdDefaults(asked) : asked),
    init: withInit(asked),
    systemd,
  });
}

/** Rejects when a path or device of the host that the spec names is not there. */
async function checkHost(context: EngineContext, spec: ContainerSpec): Promise<void> {
  await checkHostPaths(spec);
  for (const { name } of spec.secrets) context.secrets.require(name);
  await givenDevices(context, spec);
}

function nameFor(context: EngineContext, { name }: ContainerSpec): string {
  return name || makeName((candidate) => context.registry.byName(candidate) !== null);
}

/** Throws unless its limits, network and name can be had here. Answers the container that is to be replaced. */
function requireRoom(
  context: EngineContext,
  spec: ContainerSpec,
  { name, replace }: { readonly name: string; readonly replace: boolean },
): Container | null {
  checkLimits(context, spec);
  checkNetwork(context, withNetworks(context, spec));
  requireSecurity(context, spec);
  const holder = context.registry.byName(name);
  if (holder && !replace) throw nameTaken('create container', name, holder);
  return holder;
}

/** Throws if this machine cannot confine it as asked. */
function requireSecurity({ security, users }: EngineContext, spec: ContainerSpec): void {
  checkProcMount(spec, users.isRootOnHost);
  checkDeviceLimits(spec, users.isRootOnHost);
  const { seccompProfile, apparmorProfile, selinuxLabel, process } = spec;
  if (seccompProfile !== '' || apparmorProfile !== '' || selinuxLabel.length > 0 || process.landlock !== null)
    rightsOfMain(security, spec);
}

/** The container with every default resolved. It is registered and stored nowhere. */
function newContainer(
  context: EngineContext,
  spec: ContainerSpec,
  { id, name, attended }: { readonly id: string; readonly name: string; readonly attended: boolean },
): Container {
  context.leases.requireOpen(spec.leaseId);
  const shared = withNetworks(context, withVolumes(context, sharedContainers(context, spec)));
  const { network } = shared.namespaces;
  const networkOf = network.kind === 'container' ? context.registry.get(network.id) : null;
  checkSharedNetwork(spec, networkOf);
  const { user, facts } = chooseUserNamespace(context, shared, id);
  const process = withKeptUser(shared);
  checkMapped(facts.userNamespace, process, 'spec.process');
  const container = new Container({
    id,
    createdAt: Date.now(),
    spec: {
      ...shared,
      name,
      process,
      namespaces: { ...shared.namespaces, user },
      hostname: shared.hostname || defaultHostname(shared, id, networkOf),
      resources: withPidsLimit(context, shared.resources),
    },
    phase: { state: 'created' },
    facts: { attended, networkProgram: connectedBy(context, shared), ...facts },
  });
  // For its errors: a start is too late for them.
  planMounts(context, container);
  return container;
}

/** As in Podman, whoever keeps an id works under it, unless another user is named. */
function withKeptUser({ process, namespaces: { user } }: ContainerSpec): ContainerSpec['process'] {
  if (user.kind !== 'keep-id' || process.user !== '') return process;
  return { ...process, user: `${user.uid}:${user.gid}` };
}

function stillThere(context: EngineContext, request: RequestKey | null, id: string): Container {
  const container = context.registry.byId(id);
  if (!container) throw resultIsGone(request, id);
  return container;
}

export function nameTaken(what: string, name: string, holder: Container): LikerError {
  return new LikerError(
    'NAME_TAKEN',
    `Cannot ${what} '${name}': container ${shortId(holder.id)} has that name; remove or rename it, or choose another`,
    { metadata: { name, container: holder.id }, field: 'spec.name' },
  );
}

/** A fork bomb takes no more than this (as in podman): enough for any service. -1 lifts it. */
const defaultPids = 2048;

function withPidsLimit(context: EngineContext, resources: Resources): Resources {
  if (resources.pids.max !== null || !context.cgroups.offers('pids')) return resources;
  return { ...resources, pids: { max: defaultPids } };
}

/** What it takes from the container whose network it uses cannot be set as well. */
function checkSharedNetwork(spec: ContainerSpec, networkOf: Container | null): void {
  if (!networkOf) return;
  const given = (
    [
      ['hostname', spec.hostname],
      ['extra_hosts', spec.extraHosts],
      ['dns', spec.dns],
      ['dns_search', spec.dnsSearch],
      ['dns_options', spec.dnsOptions],
    ] as const
  ).find(([, value]) => value.length > 0);
  if (given)
    throw badArgument(
      `spec.${given[0]}`,
      `Cannot set ${given[0]}: the container uses the network of container '${networkOf.name}', and with it its hostname, /etc/hosts and /etc/resolv.conf; set it there`,
    );
}

/** Replaces names in container:NAME by ids, which stay true when the other one is renamed. */
function sharedContainers(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  const resolve = <T extends Share>(share: T): T =>
    share.kind === 'container' ? { ...share, id: context.registry.find(share.id).id } : share;
  const { user, pid, ipc, uts, cgroup, network } = spec.namespaces;
  return {
    ...spec,
    namespaces: { user, pid: resolve(pid), ipc: resolve(ipc), uts, cgroup, network: resolve(network) },
  };
}
