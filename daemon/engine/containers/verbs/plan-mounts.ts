import { existsSync } from 'node:fs';
import { badArgument, LikerError } from '../../../../common/errors.ts';
import { type IdMaps, within } from '../../../kernel/users/id-maps.ts';
import type { ProbedMount } from '../../../kernel/users/user-namespaces.ts';
import type { EngineContext } from '../../context.ts';
import { layerFolders } from '../../images/roots.ts';
import type { Container } from '../model/container.ts';
import { type ContainerSpec, isShared, type Mount } from '../model/spec.ts';
import type { MountMap } from '../plan/id-maps.ts';
import type { MountBelow, PlannedBind, PlannedMount } from '../plan/mounts.ts';
import type { PlannedOverlay } from '../plan/overlay-mounts.ts';
import type { PlannedVolume } from '../plan/volumes.ts';

type Bind = Extract<Mount, { type: 'bind' }>;
type VolumeMount = Extract<Mount, { type: 'volume' }>;
type ImageMount = Extract<Mount, { type: 'image' }>;

/** A bind that shows ids of the host, in whole or in part, since the kernel cannot do otherwise. */
export interface BareBind {
  readonly source: string;
  readonly target: string;
  /** Mounts with their file systems, for a person. */
  readonly bare: readonly string[];
}

/** The mounts of a container's next start, with whose ids their files have. Errors: USERNS_UNAVAILABLE, BAD_ARGUMENT. */
export function planMounts(
  context: EngineContext,
  { id, spec, facts }: Pick<Container, 'id' | 'spec' | 'facts'>,
): { readonly mounts: readonly PlannedMount[]; readonly bareBinds: readonly BareBind[] } {
  const bareBinds: BareBind[] = [];
  const maps = facts.userNamespace?.maps ?? null;
  const mounts = spec.mounts.map((mount, index) => {
    if (mount.type === 'tmpfs') return mount;
    if (mount.type === 'image') return planImage(context, mount, id, maps);
    const bind = mount.type === 'bind' ? mount : volumeAsBind(context, mount);
    const { planned, bare } = planBind(context, bind, maps, `spec.mounts[${index}].idmap`);
    if (bare.length > 0) bareBinds.push({ source: bind.source, target: mount.target, bare });
    if (mount.overlay) return planOverlay(context, mount, planned, id);
    return mount.type === 'bind' ? planned : planVolume(context, mount, planned);
  });
  return { mounts, bareBinds };
}

/** The folder of a volume, with the container's own ids where the file system can. */
function volumeAsBind({ volumes }: EngineContext, { volume, target, readOnly }: VolumeMount): Bind {
  return {
    type: 'bind',
    source: volumes.folderOf(volume),
    target,
    readOnly,
    readOnlyNonRecursive: false,
    propagation: 'rprivate',
    recursive: false,
    createSource: false,
    idmap: { kind: 'default' },
    overlay: false,
  };
}

/** Layers of an image that was unpacked below --root, with the container's own ids where it has some. */
function planImage(
  { folders, images, users }: EngineContext,
  { layers, subpath, target, readOnly }: ImageMount,
  id: string,
  maps: IdMaps | null,
): PlannedOverlay {
  return {
    type: 'overlay',
    lowers: layerFolders(images, layers),
    layer: folders.overlayOf(id, target),
    ...{ subpath, target, readOnly },
    map: maps === null || !users.isRootOnHost ? 'none' : 'container',
  };
}

function planOverlay(
  { folders }: EngineContext,
  mount: Bind | VolumeMount,
  { source, target, map }: PlannedBind,
  id: string,
): PlannedOverlay {
  const subpath = mount.type === 'volume' ? mount.subpath : '';
  const layer = folders.overlayOf(id, target);
  return { type: 'overlay', lowers: [source], layer, subpath, target, readOnly: false, map };
}

function planVolume(
  { volumes }: EngineContext,
  { volume, noCopy, subpath }: VolumeMount,
  { source, target, readOnly, map }: PlannedBind,
): PlannedVolume {
  const state = volumes.get(volume)?.state ?? 'fresh';
  const fill = noCopy || subpath !== '' || state === 'ready' ? 'no' : state === 'filling' ? 'again' : 'first';
  return { type: 'volume', source, subpath, target, readOnly, map, fill };
}

/** The volumes that a start fills unless they were filled before. */
export function volumesToFill({ mounts }: Pick<ContainerSpec, 'mounts'>): string[] {
  return mounts.flatMap((mount) =>
    mount.type === 'volume' && !mount.noCopy && !mount.overlay && mount.subpath === '' ? [mount.volume] : [],
  );
}

export function bareBindWarning({ source, target, bare }: BareBind): string {
  const [some, more] = [bare.slice(0, mostNamed), bare.length - mostNamed];
  return `Mount '${source}' at '${target}' shows ids of the host, most of them as nobody, where the file system cannot be idmapped: ${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const mostNamed = 5;

function planBind(
  context: EngineContext,
  mount: Bind,
  maps: IdMaps | null,
  field: string,
): { readonly planned: PlannedBind; readonly bare: readonly string[] } {
  const map = mapOf(mount, maps, field);
  // An ordinary user's files show his ids, whom every user namespace of his containers has.
  if (!context.users.isRootOnHost && mount.idmap.kind === 'default')
    return { planned: { ...mount, map: 'none', below: [] }, bare: [] };
  if (!context.users.isRootOnHost && map !== 'none')
    throw badArgument(
      field,
      `Cannot idmap the mount '${mount.source}': likerd runs without root, and only root may idmap files of the host; leave idmap out, so that they show the ids that they have`,
    );
  // A source that is still to be made is not known to be on a file system that cannot.
  if (map === 'none' || !existsSync(mount.source)) return { planned: { ...mount, map, below: [] }, bare: [] };
  const top = bareMount(context, mount.source, { type: () => context.mounts.of(mount.source).type });
  const below = mount.recursive && !mount.overlay ? mountsBelow(context, mount.source) : [];
  const bare = [top, ...below.map(({ bare }) => bare)].filter((text) => text !== null);
  if (bare.length > 0 && mount.idmap.kind !== 'default') throw cannotMap(mount, bare, field);
  // The kernel maps a mount that is shared with the host only with all below it.
  const isBare = top !== null || (bare.length > 0 && isShared(mount));
  return { planned: { ...mount, map: isBare ? 'none' : map, below: isBare ? [] : below }, bare };
}

/** Whose ids the files of a bind are to have. */
function mapOf({ idmap, source }: Bind, maps: IdMaps | null, field: string): MountMap {
  if (idmap.kind === 'none') return 'none';
  if (idmap.kind !== 'maps') return maps === null ? 'none' : 'container';
  if (!idmap.relative || maps === null) return idmap.maps;
  const asked = {
    uids: within(idmap.maps.uids, maps.uids),
    gids: within(idmap.maps.gids, maps.gids),
  };
  if (asked.uids.length > 0 && asked.gids.length > 0) return asked;
  throw badArgument(
    field,
    `Cannot mount '${source}' with this idmap: the ids that it gives are none of the container's user namespace`,
  );
}

/** The mounts below a folder, each with whether it can be idmapped. */
export function mountsBelow(
  context: EngineContext,
  folder: string,
): (MountBelow & { readonly bare: string | null })[] {
  return [...context.mounts.visibleBelow(folder)].map(([path, mount]) => {
    const { mountPoint, device, type } = mount;
    const bare = bareMount(context, mountPoint, { device, type: () => type });
    return { path, mappable: bare === null, bare };
  });
}

/** Names a mount that cannot be idmapped; null: it can. Only root may idmap. */
function bareMount({ users }: EngineContext, path: string, mount: ProbedMount): string | null {
  const isMappable = users.isRootOnHost && users.idmapProblem(path, mount) === '';
  return isMappable ? null : `'${path}' (${mount.type()})`;
}

function cannotMap({ source, target, recursive }: Bind, bare: readonly string[], field: string): LikerError {
  const what = `Cannot mount '${source}' at '${target}' with idmap: these file systems cannot be idmapped: ${bare.slice(0, mostNamed).join(', ')}`;
  const hint = recursive ? ', or what is mounted below it, with bind-recursive=disabled' : '';
  return new LikerError('USERNS_UNAVAILABLE', `${what}; leave idmap out${hint}`, {
    field,
    metadata: { field, source, target },
  });
}
