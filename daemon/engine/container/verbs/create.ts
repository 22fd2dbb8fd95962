import { LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import { newContainerId, shortId } from '../../../../common/ids.ts';
import type { EngineContext } from '../../context.ts';
import { type RequestKey, resultIsGone, resultOf } from '../../requests.ts';
import { Container } from '../container.ts';
import { checkHostPaths } from '../host-paths.ts';
import { checkLimits, containerDevices } from '../limits.ts';
import { makeName } from '../name.ts';
import { checkNetwork } from '../network-rate.ts';
import type { ContainerSpec, Resources } from '../spec.ts';
import { removeContainer } from './remove.ts';

/** Makes a container, or answers the one that the same request has made before. Whatever fails, nothing of it is left. */
export async function createContainer(
  context: EngineContext,
  spec: ContainerSpec,
  options: {
    readonly replace: boolean;
    readonly request: RequestKey | null;
    readonly attended?: boolean;
  },
): Promise<Container> {
  const first = resultOf(context.ledger.store, options.request);
  if (first === null) await checkHostPaths(spec);
  // Another call with the same request_id may have come meanwhile.
  const made = first ?? resultOf(context.ledger.store, options.request);
  if (made !== null) return stillThere(context, options.request, made);
  const name = spec.name || makeName((candidate) => context.registry.byName(candidate) !== null);
  checkLimits(context, spec);
  checkNetwork(context, spec);
  containerDevices(context, spec);
  const holder = context.registry.byName(name);
  if (holder) {
    if (!options.replace) throw nameTaken('create container', name, holder);
    await removeContainer(context, holder, { force: true });
  }
  const shared = sharedContainers(context, spec);
  const id = newContainerId();
  const container = new Container({
    id,
    createdAt: Date.now(),
    spec: {
      ...shared,
      name,
      hostname: shared.hostname || ownHostname(shared, id),
      resources: withDefaults(context, shared.resources),
    },
    phase: { state: 'created' },
  });
  container.facts = { ...container.facts, attended: options.attended ?? false };
  // The name is ours from here on, also while the folders are made.
  context.registry.add(container);
  try {
    context.layers.create(id);
    context.ledger.insert(container, options.request, [
      { action: 'create', attributes: { rootfs: spec.rootfs.directory } },
    ]);
  } catch (error) {
    context.registry.delete(container);
    context.layers.remove(id);
    throw tellSystemError(error, `create container '${name}'`);
  }
  return container;
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

function withDefaults(context: EngineContext, resources: Resources): Resources {
  if (resources.pids.max !== null || !context.cgroups.offers('pids')) return resources;
  return { ...resources, pids: { max: defaultPids } };
}

/** The short id; with the host's UTS namespace there is none of its own. */
function ownHostname(spec: ContainerSpec, id: string): string {
  return spec.namespaces.uts.kind === 'private' ? shortId(id) : '';
}

/** Replaces names in container:NAME by ids, which stay true when the other one is renamed. */
function sharedContainers(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  const resolve = (share: ContainerSpec['namespaces']['pid']): ContainerSpec['namespaces']['pid'] =>
    share.kind === 'container' ? { kind: 'container', id: context.registry.find(share.id).id } : share;
  const { pid, ipc, uts, cgroup, network } = spec.namespaces;
  return {
    ...spec,
    namespaces: { pid: resolve(pid), ipc: resolve(ipc), uts, cgroup, network: resolve(network) },
  };
}
