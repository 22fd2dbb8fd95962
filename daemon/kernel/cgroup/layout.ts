import { dirname } from 'node:path';
import { LikerError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';
import { type Delegation, folderIn } from './delegation.ts';
import { errnoOf, makeFolder, readOptional, readText, writeText } from './files.ts';
import { type Hierarchy, hierarchyKey, ownUnifiedPath, parseHierarchies } from './mounts.ts';
import { enableControllers, words } from './subtree.ts';

/** A hierarchy in which every container has a cgroup. */
export interface Place {
  /** "v2", or v1's controllers as mounted (joined by a comma), or "name=NAME" of a hierarchy without any. */
  readonly key: string;
  readonly version: 1 | 2;
  /** The controllers of a container's cgroup here. */
  readonly controllers: readonly string[];
  /** The controllers that the hierarchy offers. */
  readonly offered: readonly string[];
  readonly mountPoint: string;
  /** Absolute path of the parent of all containers' cgroups. */
  readonly parent: string;
}

export interface Layout {
  readonly kind: 'v1' | 'v2' | 'hybrid';
  readonly places: readonly Place[];
  /** Where processes are counted, frozen and killed: v2 if it is mounted, else the v1 freezer. */
  readonly tracking: Place;
  /** Why a controller of the kernel could not be enabled, by name. */
  readonly problems: ReadonlyMap<string, string>;
  /** The only part of v2 that likerd may use. Devices are not restricted then, since only root on the host may attach a program. */
  readonly delegation: Delegation | null;
  /** Files of the parents that are known to exist, so that each is looked up once. */
  readonly seen: Set<string>;
}

/** Controllers with another name on v1. */
const v1Names: Readonly<Record<string, string>> = { io: 'blkio' };

/** Sets the priority of sockets: an eBPF program of v2's core, which sees every socket, or else v1's net_prio. */
export const socketController = 'socket';

/** What messages call it, by v2's name: parts of v2's core are no controllers. */
export function partName(controller: string): string {
  return isOfCore(controller) ? 'cgroup v2' : `cgroup controller '${controller}'`;
}

export function isOfCore(controller: string): boolean {
  return controller === 'cgroup' || controller === socketController;
}

/** Beside hierarchies of v1, which a mount at /sys/fs/cgroup would hide. */
export const mountBesideV1 =
  'mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified';

/** Where a controller is, by v2's name; "cgroup" is v2's core. */
export function controllerPlace({ places }: Pick<Layout, 'places'>, name: string): Place | undefined {
  if (name === socketController) {
    return places.find(({ version }) => version === 2) ?? controllerPlace({ places }, 'net_prio');
  }
  return places.find(({ version, controllers }) =>
    version === 1
      ? controllers.includes(own(v1Names, name) ?? name)
      : name === 'cgroup' || controllers.includes(name),
  );
}

export interface LayoutOptions {
  /** Name of the parent cgroup. */
  readonly parent: string;
  /** Default: the text of /proc/self/mountinfo. */
  readonly mountinfo?: string;
  /**
   * On pure v2: the cgroup for those of containers, from the mount's root. Default: the one above likerd's own if that is a leaf
   * named "daemon" (systemd's DelegateSubgroup=daemon), or else the root: systemd before 254 cannot restart a service whose own
   * cgroup has containers (219/CGROUP).
   */
  readonly delegatedPath?: string;
  /** The only cgroup to use, if likerd is not root on the host. */
  readonly delegation?: Delegation;
}

/** The v2 controllers that containers need. */
const usedV2 = ['cpuset', 'cpu', 'io', 'memory', 'pids', 'hugetlb'];

/** Those of them that no container has. */
export function undelegated({ places }: Pick<Layout, 'places'>): string[] {
  return usedV2.filter((name) => controllerPlace({ places }, name) === undefined);
}

/** A v1 cpuset without CPUs or nodes accepts no process (ENOSPC): fills it, and lets children copy it. */
function fillCpuset(folder: string, above: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readText(`${folder}/${file}`) === '') writeText(`${folder}/${file}`, readText(`${above}/${file}`));
  }
  writeText(`${folder}/cgroup.clone_children`, '1');
}

function prepareFolderV1(controllers: readonly string[], folder: string, above: string): void {
  makeFolder(folder);
  if (controllers.includes('cpuset')) fillCpuset(folder, above);
  // Children copy it, so the kernel runs no program when a container's cgroup becomes empty (T11).
  writeText(`${folder}/notify_on_release`, '0');
}

function prepareV1(hierarchy: Hierarchy, name: string): Place {
  const { controllers, mountPoint } = hierarchy;
  const parent = `${mountPoint}/${name}`;
  prepareFolderV1(controllers, parent, mountPoint);
  return {
    key: hierarchyKey(hierarchy),
    version: 1,
    controllers,
    offered: controllers,
    mountPoint,
    parent,
  };
}

/** The folder in which the parent is made: beside likerd's leaf, never below it. */
function v2Base(hierarchy: Hierarchy, pure: boolean, options: LayoutOptions): string {
  if (pure && options.delegatedPath !== undefined) return folderIn(hierarchy, options.delegatedPath);
  const own = ownUnifiedPath();
  const above = own.replace(/\/daemon$/, '') || '/';
  return pure && above !== own ? folderIn(hierarchy, above) : hierarchy.mountPoint;
}

function prepareV2(hierarchy: Hierarchy, base: string, name: string, problems: Map<string, string>): Place {
  const parent = `${base}/${name}`;
  enableControllers(base, usedV2, problems);
  makeFolder(parent);
  enableControllers(parent, usedV2, problems);
  const controllers = words(readOptional(`${parent}/cgroup.subtree_control`));
  const offered = words(readOptional(`${base}/cgroup.controllers`));
  return { key: 'v2', version: 2, controllers, offered, mountPoint: hierarchy.mountPoint, parent };
}

function prepareDelegated(delegation: Delegation, name: string): Layout {
  const { hierarchy, folder } = delegation;
  const problems = new Map<string, string>();
  const place = prepareV2(hierarchy, folder, name, problems);
  return { kind: 'v2', places: [place], tracking: place, problems, delegation, seen: new Set() };
}

function prepare(options: LayoutOptions): Layout {
  if (options.delegation) return prepareDelegated(options.delegation, options.parent);
  const hierarchies = parseHierarchies(options.mountinfo ?? readText('/proc/self/mountinfo'));
  const unified = hierarchies.find(({ version }) => version === 2);
  const v1 = hierarchies.filter(({ version }) => version === 1);
  // A hierarchy without controllers, such as name=systemd, limits nothing.
  const pure = v1.every(({ controllers }) => controllers.length === 0);
  const problems = new Map<string, string>();
  const places = v1.map((hierarchy) => prepareV1(hierarchy, options.parent));
  if (unified !== undefined) {
    places.push(prepareV2(unified, v2Base(unified, pure, options), options.parent, problems));
  }
  const tracking =
    places.find(({ version }) => version === 2) ?? places.find((p) => p.controllers.includes('freezer'));
  if (tracking === undefined) {
    throw new LikerError(
      'CGROUP_CONTROLLER_MISSING',
      'Cannot track containers: neither cgroup v2 nor the v1 freezer is mounted; ' +
        `mount it: ${v1.length > 0 ? mountBesideV1 : 'mount -t cgroup2 none /sys/fs/cgroup'}`,
      { metadata: { controller: 'freezer', path: '/proc/self/mountinfo' } },
    );
  }
  const kind = unified === undefined ? 'v1' : pure ? 'v2' : 'hybrid';
  return { kind, places, tracking, problems, delegation: null, seen: new Set() };
}

/** Finds the hierarchies and makes the parent cgroup in each. */
export function openLayout(options: LayoutOptions): Layout {
  try {
    return prepare(options);
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    throw new LikerError(
      'NOT_PERMITTED',
      `Cannot create the cgroup '${options.parent}': ${(error as Error).message}; likerd must be root with /sys/fs/cgroup writable`,
      { cause: error, metadata: { cgroup: options.parent } },
    );
  }
}

/** The same hierarchies with another parent: `path`, such as jobs/night, beside likerd's own. */
export function layoutBelow(layout: Layout, path: string): Layout {
  const below = (place: Place): Place => ({ ...place, parent: `${dirname(place.parent)}/${path}` });
  const places = layout.places.map(below);
  const tracking = places[layout.places.indexOf(layout.tracking)] ?? below(layout.tracking);
  return { ...layout, places, tracking, seen: new Set() };
}

/** Makes the parents of such a layout, level by level. They are the user's, so likerd does not remove them. */
export function makeParents(layout: Layout, own: Layout): void {
  for (const [index, place] of layout.places.entries()) {
    const base = dirname(own.places[index]?.parent ?? place.mountPoint);
    let above = base;
    for (const name of place.parent.slice(base.length + 1).split('/')) {
      const folder = `${above}/${name}`;
      if (place.version === 1) prepareFolderV1(place.controllers, folder, above);
      else {
        makeFolder(folder);
        enableControllers(folder, usedV2, new Map());
      }
      above = folder;
    }
  }
}
