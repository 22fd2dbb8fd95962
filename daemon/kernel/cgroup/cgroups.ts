import { badArgument, LikerError } from '../../../common/errors.ts';
import { tellSystemError } from '../../../common/exhausted.ts';
import { makeFolders } from '../../native/libliker.ts';
import { applyResources, checkResources } from './apply.ts';
import { ContainerCgroup, type ContainerGroup, type GroupOptions } from './container-cgroup.ts';
import { checkDevices, devicesPlace, restrictDevices } from './controllers/devices.ts';
import { delegate, type GroupOwner, isDelegated } from './delegate.ts';
import { whyUndelegated } from './delegation.ts';
import type { DeviceRule } from './device-rules.ts';
import { childFolders, errnoOf, makeFolder, removeTree } from './files.ts';
import { type KnobPlace, knobPlaces } from './knob-places.ts';
import {
  controllerPlace,
  type Layout,
  type LayoutOptions,
  layoutBelow,
  makeParents,
  openLayout,
  type Place,
  undelegated,
} from './layout.ts';
import { activeHierarchies } from './mounts.ts';
import { type CgroupWrite, limitWrites, restrictionWrites } from './preview.ts';
import type { AppliedLimit, LimitsMode, Resources } from './resources.ts';
import { checkValues } from './table.ts';

export interface CreateCgroupOptions {
  readonly allDevices: boolean;
  /** Applied in order after those of the default devices. */
  readonly deviceRules?: readonly DeviceRule[];
  /** Default: strict. */
  readonly mode?: LimitsMode;
  /** Path of the parent cgroup, from the top of each hierarchy; empty: likerd's own. */
  readonly under?: string;
  /** Root inside, who is to divide the cgroup; null: nobody. */
  readonly delegateTo?: GroupOwner | null;
}

/** Not "." or "..", and without a slash: an id is always one folder below the parent. */
export function isCgroupName(name: string): boolean {
  return /^[A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,63}$/.test(name);
}

function checkId(id: string, field: string): void {
  if (!isCgroupName(id)) throw badArgument(field, `Invalid cgroup name '${id}'`);
}

/** Each part of the path of a parent must be a valid name. */
function checkParentPath(path: string): void {
  for (const name of path.split('/')) checkId(name, 'cgroup_parent');
}

/** The controllers that `info` lists. */
const reported = [
  'cpu',
  'cpuset',
  'memory',
  'pids',
  'devices',
  'io',
  'hugetlb',
  'net_cls',
  'net_prio',
  'freezer',
];

/** The cgroups of one daemon: a parent in every hierarchy, a folder below it for each container. */
export class Cgroups {
  readonly #options: LayoutOptions;
  #state: Layout;
  /** The kernel's hierarchies when the layout was opened. */
  #hierarchies: string;
  /** The layouts of other parents, by path. */
  readonly #others = new Map<string, Layout>();

  private constructor(options: LayoutOptions) {
    this.#options = options;
    this.#hierarchies = activeHierarchies();
    this.#state = openLayout(options);
  }

  /** Finds the mounted hierarchies and makes the parent in each. Throws NOT_PERMITTED, CGROUP_CONTROLLER_MISSING. */
  static open(options: LayoutOptions): Cgroups {
    checkId(options.parent, 'parent');
    return new Cgroups(options);
  }

  get layout(): 'v1' | 'v2' | 'hybrid' | 'none' {
    return this.#state.kind;
  }

  /** What containers go without because likerd is not root on the host, why, and what to do about it. */
  get losses(): readonly string[] {
    const { delegation } = this.#state;
    if (delegation === null) return [];
    const missing = undelegated(this.#state).map((name) => ({ name, ...whyUndelegated(delegation, name) }));
    return [...Map.groupBy(missing, ({ why, remedy }) => `${why}; ${remedy}`)].map(
      ([why, some]) => `limits of ${some.map(({ name }) => name).join(', ')}: ${why}`,
    );
  }

  /** Where each controller is mounted; version 0: nowhere. */
  controllers(): { name: string; version: 0 | 1 | 2; mountPoint: string }[] {
    const { places } = this.#state;
    return reported.map((name) => {
      // v2 can freeze without a controller. v1's freezer beside it is left to the container.
      if (name === 'freezer') {
        const { version, mountPoint } = this.#state.tracking;
        return { name, version, mountPoint };
      }
      const place =
        name === 'devices'
          ? devicesPlace(this.#state)
          : (controllerPlace(this.#state, name) ?? places.find(({ offered }) => offered.includes(name)));
      return { name, version: place?.version ?? 0, mountPoint: place?.mountPoint ?? '' };
    });
  }

  /** Whether containers have a controller's files. */
  offers(controller: string): boolean {
    return controllerPlace(this.#state, controller) !== undefined;
  }

  /** Where each limit is set, or why it cannot be. */
  knobs(): KnobPlace[] {
    return knobPlaces(this.#state);
  }

  /**
   * Throws CGROUP_CONTROLLER_MISSING, LIMIT_REFUSED or BAD_ARGUMENT unless a container with these limits can be made
   * here. In best-effort mode it returns the limits that cannot be set. Makes nothing.
   */
  check(
    resources: Resources,
    options: Pick<CreateCgroupOptions, 'allDevices' | 'mode' | 'under'> = { allDevices: false },
  ): AppliedLimit[] {
    checkValues(resources, 'resources');
    const { mode = 'strict', under = '' } = options;
    const parentIn = this.#parentIn(under);
    const target = { layout: this.#state, folderIn: () => '', fresh: true, mode, parentIn };
    const problems = checkResources(resources, target);
    if (!options.allDevices) checkDevices(this.#state);
    return problems;
  }

  /** What `create` would write, in its order. Throws as `create` does, as far as can be told before it. Makes nothing. */
  preview(id: string, resources: Resources, options: CreateCgroupOptions): CgroupWrite[] {
    const { mode = 'strict', under = '', deviceRules = [] } = options;
    const parentIn = this.#parentIn(under);
    const folderIn = (place: Place): string => `${parentIn(place)}/${id}`;
    const limits = limitWrites(resources, { layout: this.#state, folderIn, fresh: true, mode, parentIn });
    if (options.allDevices) return limits;
    return [...limits, ...restrictionWrites(this.#state, folderIn, deviceRules)];
  }

  /** Makes a container's cgroup in every hierarchy and sets its limits. A failure leaves nothing behind. */
  async create(id: string, resources: Resources, options: CreateCgroupOptions): Promise<ContainerGroup> {
    checkId(id, 'container');
    const { mode = 'strict', under = '', deviceRules = [], delegateTo = null } = options;
    const made: string[] = [];
    try {
      this.#followMounts();
      const layout = this.#layoutIn(under);
      // Its owner may not have enabled the controllers for its children.
      if (under !== '') makeParents(layout, this.#state);
      const folders = layout.places.map(({ parent }) => `${parent}/${id}`);
      const failures = await makeFolders(folders);
      made.push(...folders.filter((_, index) => failures[index] === ''));
      for (const folder of folders.filter((_, index) => failures[index] !== ''))
        made.push(this.#makeFolder(folder, under));
      const folderIn = (place: Place): string => `${place.parent}/${id}`;
      const applied = applyResources(resources, { layout, folderIn, fresh: true, mode });
      if (!options.allDevices) restrictDevices(layout, folderIn, deviceRules);
      if (delegateTo !== null)
        for (const place of layout.places.filter(isDelegated)) delegate(place, folderIn(place), delegateTo);
      return new ContainerCgroup(layout, id, applied, { delegated: delegateTo !== null });
    } catch (error) {
      for (const folder of made.reverse()) removeTree(folder);
      throw this.#explain(error, id);
    }
  }

  /** likerd's own parent shows what the kernel offers: another one, `under`, may not exist yet. */
  #parentIn(under: string): (place: Place) => string {
    const others = this.#layoutIn(under).places;
    return (place) => others[this.#state.places.indexOf(place)]?.parent ?? place.parent;
  }

  /** Makes a folder that makeFolders could not make. */
  #makeFolder(folder: string, under: string): string {
    try {
      if (makeFolder(folder)) return folder;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // It is the first one there, or somebody removed the parent.
      this.#makeParents(under);
      if (makeFolder(folder)) return folder;
    }
    return this.#replaceFolder(folder);
  }

  /** Opens the layout again after hierarchies were mounted: in those, containers would see the host's groups (T11). */
  #followMounts(): void {
    const hierarchies = activeHierarchies();
    if (hierarchies === this.#hierarchies) return;
    this.#state = openLayout(this.#options);
    this.#others.clear();
    this.#hierarchies = hierarchies;
  }

  #makeParents(under: string): void {
    if (under === '') this.#state = openLayout(this.#options);
    else makeParents(this.#layoutIn(under), this.#state);
  }

  /** The places of containers below `under`. */
  #layoutIn(under: string): Layout {
    if (under === '') return this.#state;
    checkParentPath(under);
    const layout = this.#others.get(under) ?? layoutBelow(this.#state, under);
    this.#others.set(under, layout);
    return layout;
  }

  /** Replaces a folder that a crash left behind, unless it has processes. */
  #replaceFolder(folder: string): string {
    if (removeTree(folder) && makeFolder(folder)) return folder;
    throw new LikerError(
      'SYSCALL',
      `Cannot create cgroup '${folder}': it exists and has processes in it; kill them first`,
      {
        metadata: { path: folder },
        syscall: { step: 'cgroup', syscall: 'mkdir', errno: 'EEXIST', object: folder },
      },
    );
  }

  #explain(error: unknown, id: string): unknown {
    const errno = errnoOf(error);
    if (errno === '' || error instanceof LikerError) return error;
    // For a cgroup ENOSPC does not mean the disk: its cpuset is empty.
    if (errno !== 'ENOSPC') return tellSystemError(error, `make the cgroup of container ${id}`);
    const { message, syscall = '', path = id } = error as NodeJS.ErrnoException;
    return new LikerError('SYSCALL', `Cannot create the cgroup of container '${id}': ${message}`, {
      cause: error,
      metadata: { container: id, path },
      syscall: { step: 'cgroup', syscall, errno, object: path },
    });
  }

  /**
   * The cgroup of a container that was made earlier, perhaps by another daemon; its folders may be gone. `under`: as in
   * create.
   */
  open(
    id: string,
    { under = '', ...options }: GroupOptions & { readonly under?: string } = {},
  ): ContainerGroup {
    checkId(id, 'container');
    return new ContainerCgroup(this.#layoutIn(under), id, [], options);
  }

  /** The ids below the parent in any hierarchy. */
  list(): string[] {
    const names = this.#state.places.flatMap(({ parent }) => childFolders(parent));
    return [...new Set(names)].filter(isCgroupName);
  }

  /** Removes the parent where it has no containers. */
  close(): void {
    for (const { parent } of this.#state.places) {
      if (childFolders(parent).length === 0) removeTree(parent);
    }
  }
}
