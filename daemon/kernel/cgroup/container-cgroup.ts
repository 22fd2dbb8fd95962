import { LikerError } from '../../../common/errors.ts';
import { applyResources, checkResources } from './apply.ts';
import { liftThrottles } from './controllers/io.ts';
import { delegatedFolder, isDelegated } from './delegate.ts';
import { ExecCgroup, type ExecGroup } from './exec-cgroup.ts';
import { childFolders, keyedValue, makeFolder, readOptional, writeText } from './files.ts';
import { frozenAbove } from './frozen-above.ts';
import { controllerPlace, type Layout, type Place } from './layout.ts';
import { removeFolders } from './remove.ts';
import type { AppliedLimit, Resources } from './resources.ts';
import type { StatsGroup } from './stats/group.ts';
import { type CgroupStats, cgroupStats } from './stats/table.ts';
import { signalAll } from './tracker.ts';
import { thawTree, trackerV1 } from './tracker-v1.ts';
import { trackerV2 } from './tracker-v2.ts';

/** Time limit of a pause. */
const freezeMs = 10_000;

/** As {@link ContainerCgroup.paths}. */
export type CgroupPaths = Readonly<Record<string, string>>;

export interface GroupOptions {
  /** The paths it had when it was made: hierarchies may have been mounted since. */
  readonly made?: CgroupPaths | undefined;
  /** Root inside divides it: see delegate.ts. */
  readonly delegated?: boolean;
}

/** The cgroup of one container: a folder in each hierarchy. Made by Cgroups.create, found again by Cgroups.open. */
export type ContainerGroup = Pick<ContainerCgroup, keyof ContainerCgroup>;

export class ContainerCgroup {
  /** "v2", v1 controllers as mounted (joined by a comma) and "name=NAME" -> absolute folder. */
  readonly paths: CgroupPaths;
  /** As `paths`, but the folders that its processes see as the top: where it is delegated, not those with the limits. */
  readonly shown: CgroupPaths;
  /** The keys of those that root inside divides. */
  readonly delegated: readonly string[];
  /** The limits that were set when it was made; empty if it was opened. */
  readonly applied: readonly AppliedLimit[];
  /** v1 files "tasks": the child writes 0 to each. */
  readonly joinFiles: readonly string[];
  /** v2 folder for CLONE_INTO_CGROUP; empty when v2 is not mounted. */
  readonly unified: string;
  readonly #id: string;
  readonly #layout: Layout;
  readonly #folder: string;
  /** Has the cgroups of execs. */
  readonly #top: string;

  constructor(
    layout: Layout,
    id: string,
    applied: readonly AppliedLimit[],
    { made, delegated = false }: GroupOptions = {},
  ) {
    this.#layout = layout;
    this.#id = id;
    this.applied = applied;
    this.#folder = this.#folderIn(layout.tracking);
    const given = delegated ? layout.places.filter(isDelegated) : [];
    const topIn = (place: Place): string => {
      const folder = this.#folderIn(place);
      return given.includes(place) ? delegatedFolder(place, folder) : folder;
    };
    this.#top = topIn(layout.tracking);
    this.unified = layout.tracking.version === 2 ? this.#top : '';
    this.paths = Object.fromEntries(layout.places.map((place) => [place.key, this.#folderIn(place)]));
    this.shown = Object.fromEntries(layout.places.map((place) => [place.key, topIn(place)]));
    this.delegated = given.map(({ key }) => key);
    this.joinFiles = layout.places
      .filter(({ version, key }) => version === 1 && (made === undefined || key in made))
      .map((place) => `${this.#folderIn(place)}/tasks`);
  }

  /** The folder with all its processes, including those of execs and of nested cgroups. */
  get folder(): string {
    return this.#folder;
  }

  /** Where its processes are listed: in the cgroups from `folder` down, and these pids. */
  async listed(): Promise<{ readonly folder: string; readonly pids: readonly number[] }> {
    return { folder: this.#folder, pids: [] };
  }

  /** The shim of a start. The kernel knows who is in a cgroup; what stands in its place (none/) has to be told. */
  noteShim(_pid: number): void {}

  /** A process that has started: the main process, 0, or an exec. */
  noteProcess(_number: number, _process: { readonly pid: number; readonly startTime: string }): void {}

  get #tracker() {
    return this.#layout.tracking.version === 2 ? trackerV2 : trackerV1;
  }

  #folderIn(place: Place): string {
    return `${place.parent}/${this.#id}`;
  }

  /** The container's folder for a controller; null if it is mounted nowhere. */
  #folderOf(controller: string): string | null {
    const place = this.#layout.places.find(({ controllers }) => controllers.includes(controller));
    return place === undefined ? null : this.#folderIn(place);
  }

  /** Makes the sub-cgroup of one exec. */
  createExec(n: number): ExecGroup {
    makeFolder(`${this.#top}/exec-${n}`);
    return this.openExec(n);
  }

  /** The numbers of the execs that have a sub-cgroup. */
  execs(): number[] {
    return childFolders(this.#top)
      .flatMap((name) => /^exec-(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number);
  }

  openExec(n: number): ExecGroup {
    // If the v1 freezer tracks processes, the exec joins its own freezer cgroup instead of the container's.
    const files = this.joinFiles.filter((file) => file !== `${this.#folder}/tasks`);
    return new ExecCgroup(`${this.#top}/exec-${n}`, files, this.#tracker);
  }

  /** Freezes all processes. If they do not freeze in time, thaws all and throws SYSCALL. */
  async freeze(): Promise<void> {
    // v2 waits for good for a process that v1's freezer holds.
    if (this.#freezerBeside !== null) trackerV1.thaw(this.#freezerBeside);
    if (await this.#tracker.freeze(this.#folder, freezeMs)) return;
    throw new LikerError(
      'SYSCALL',
      `Cannot freeze cgroup ${this.#folder}: its processes did not freeze within ${freezeMs / 1000} s; try again`,
      {
        metadata: { path: this.#folder },
        syscall: { step: 'freeze', syscall: 'write', errno: 'EAGAIN', object: this.#folder },
      },
    );
  }

  /** Whoever has frozen it. */
  async thaw(): Promise<void> {
    this.#tracker.thaw(this.#folder);
    if (this.#freezerBeside !== null) trackerV1.thaw(this.#freezerBeside);
  }

  frozen(): boolean {
    const beside = this.#freezerBeside;
    return this.#tracker.isFrozen(this.#folder) || (beside !== null && trackerV1.isFrozen(beside));
  }

  /** The folder of a frozen cgroup above it: its processes are frozen until that is thawed. Null: there is none. */
  frozenAbove(): string | null {
    const places = this.#layout.places.filter(
      (place) => place === this.#layout.tracking || place.controllers.includes('freezer'),
    );
    return (
      places.map((place) => frozenAbove(this.#folderIn(place), place)).find((found) => found !== null) ?? null
    );
  }

  /** v1's freezer where v2 is tracked: Liker freezes nothing with it, but others may. */
  get #freezerBeside(): string | null {
    const folder = this.#folderOf('freezer');
    return folder === this.#folder ? null : folder;
  }

  /** Sends SIGKILL to all processes, including nested and frozen ones. None escapes by forking. They end a moment later. */
  async kill(): Promise<void> {
    this.#liftThrottles();
    if (this.unified !== '') await this.#tracker.kill(this.#folder);
    else await this.#withoutForks(() => this.#tracker.kill(this.#folder));
    await this.#thawByItself();
  }

  /** A container that may write to its v1 freezer can freeze itself, and SIGKILL takes effect only after the thaw. */
  async #thawByItself(): Promise<void> {
    const folder = this.#folderOf('freezer');
    if (folder !== null) await thawTree(folder);
  }

  #liftThrottles(): void {
    const place = controllerPlace(this.#layout, 'io');
    if (place === undefined) return;
    try {
      liftThrottles(this.#folderIn(place), place.version);
    } catch {
      // It still ends, only later.
    }
  }

  /** v1: keeps the container from forking while it is being killed. */
  async #withoutForks(action: () => Promise<void>): Promise<void> {
    const folder = this.#folderOf('pids');
    const before = folder === null ? null : readOptional(`${folder}/pids.max`);
    if (folder === null || before === null) return action();
    writeText(`${folder}/pids.max`, '0');
    try {
      await action();
    } finally {
      if (readOptional(`${folder}/pids.max`) !== null) writeText(`${folder}/pids.max`, before);
    }
  }

  async signalAll(signal: number): Promise<void> {
    await signalAll(this.#tracker, this.#folder, signal);
  }

  populated(): Promise<boolean> {
    return this.#tracker.isPopulated(this.#folder);
  }

  /** The file that changes when the container becomes empty (cgroup.events); empty on v1. */
  get eventsFile(): string {
    return this.unified === '' ? '' : `${this.#folder}/cgroup.events`;
  }

  /** The number of its out-of-memory kills. */
  oomKills(): number {
    return this.oomFile === '' ? 0 : (keyedValue(readOptional(this.oomFile) ?? '', 'oom_kill') ?? 0);
  }

  /** The file that counts them; empty if there is none. */
  get oomFile(): string {
    const place = controllerPlace(this.#layout, 'memory');
    if (place === undefined) return '';
    return `${this.#folderIn(place)}/${place.version === 2 ? 'memory.events' : 'memory.oom_control'}`;
  }

  /**
   * Sets the limits that are not null. If it throws CGROUP_CONTROLLER_MISSING, LIMIT_REFUSED or BAD_ARGUMENT, nothing
   * has changed.
   */
  update(resources: Resources): AppliedLimit[] {
    const folderIn = (place: Place): string => this.#folderIn(place);
    const target = { layout: this.#layout, folderIn, fresh: false, mode: 'strict' } as const;
    checkResources(resources, target);
    return applyResources(resources, target);
  }

  /** Removes all its folders, nested ones first. Waits for ending processes. A missing folder is no error. */
  async remove(): Promise<void> {
    await removeFolders(Object.values(this.paths), this.eventsFile === '' ? undefined : this.eventsFile);
  }

  /** The files with its figures, and how to parse them. */
  stats(): StatsGroup<CgroupStats> {
    return cgroupStats((controller) => {
      const place = controllerPlace(this.#layout, controller);
      return place === undefined ? null : { version: place.version, path: this.#folderIn(place) };
    });
  }
}
