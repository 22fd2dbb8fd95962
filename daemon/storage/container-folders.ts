import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isContainerId } from '../../common/ids.ts';
import { Semaphore } from '../loop/semaphore.ts';
import { emptyContainer, limitFolders, releaseLimit, removeTreeNow, shareLimit } from '../native/libliker.ts';
import { roomBelow } from './room.ts';
import { moveInto, Trash } from './trash.ts';

/** Folders of one container below --root. */
export interface Folders {
  readonly base: string;
  readonly upper: string;
  readonly work: string;
  readonly log: string;
}

/** Bytes that the files in a container's own layers take on the disk, and those of its log. */
export interface ContainerSizes {
  readonly layerBytes: number;
  readonly logBytes: number;
}

/** Of a folder: who owns it, and its mode. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** How long a removal waits for the unmount. After that, the folder is emptied anyway. */
const longestUnmountMs = 10_000;
/** Limit on the emptied folders that are kept for the next containers. */
const maxSpares = 32;
/** The format of randomUUID. */
const spareName = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Container folders below ROOT/containers. A removal is one rename; a thread then frees the files. The emptied folders are kept
 * for the next container, since creating and removing folders is expensive on a journaling file system.
 */
export class ContainerFolders {
  readonly #containers: string;
  /** Of the data folder, for all that is removed there. */
  readonly trashFolder: Trash;
  readonly #runTrash: Trash;
  readonly #aside: string;
  readonly #spare: string;
  readonly #spares: string[];
  /** Trees are removed and measured one at a time: there are few threads. */
  readonly #emptying = new Semaphore(1);
  readonly #counting = new Semaphore(1);

  /** `run`: the folder for runtime state, whose trash is emptied as well. */
  constructor(root: string, run: string) {
    this.#containers = join(root, 'containers');
    this.trashFolder = new Trash(join(root, 'trash'), this.#emptying);
    this.#runTrash = new Trash(join(run, 'trash'), this.#emptying);
    this.#spare = join(root, 'spare');
    this.#aside = join(root, 'set-aside');
    for (const folder of [this.#containers, this.#spare]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#spares = readdirSync(this.#spare)
      .filter((name) => spareName.test(name))
      .map((name) => join(this.#spare, name));
  }

  of(id: string): Folders {
    const base = join(this.#containers, id);
    return { base, upper: join(base, 'upper'), work: join(base, 'work'), log: join(base, 'log') };
  }

  /** Whether a container has its folders. */
  exist(id: string): boolean {
    return statSync(this.of(id).base, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** Ids that have folders. Other entries are not Liker's. */
  list(): string[] {
    return readdirSync(this.#containers).filter(isContainerId);
  }

  create(id: string): Folders {
    const folders = this.of(id);
    const spare = this.#spares.pop();
    if (spare === undefined) {
      mkdirSync(folders.base, { mode: 0o700 });
      mkdirSync(folders.log, { mode: 0o700 });
      mkdirSync(folders.work, { mode: 0o700 });
    } else renameSync(spare, folders.base);
    // Never reused: mode, owner and attributes would be those of the last container.
    mkdirSync(folders.upper);
    // The root folder that the container's users see. The folder above it is for root only.
    chmodSync(folders.upper, 0o755);
    return folders;
  }

  /** Limits what the new container's own layers may hold, by a project quota. Throws a system error where that cannot be had. */
  limit(id: string, bytes: number): void {
    const { upper, work } = this.of(id);
    limitFolders([upper, work], bytes);
  }

  /** Removes a container's folders, if they exist. They are emptied once `unmounted` resolves. */
  remove(id: string, unmounted: Promise<void> = Promise.resolve()): void {
    const { base, work } = this.of(id);
    releaseLimit(work);
    let trashed: string | null = base;
    try {
      trashed = this.trashFolder.take(base);
    } catch {
      // The container's record is gone, so the folder is emptied in place.
    }
    if (trashed === null) return;
    const folder = trashed;
    void this.#emptying.run(async () => {
      await Promise.race([unmounted, setTimeout(longestUnmountMs, undefined, { ref: false })]);
      const kept = this.#spares.length < maxSpares && (await this.#keepSkeleton(folder).catch(() => false));
      if (!kept) await this.trashFolder.remove(folder);
    });
  }

  /**
   * Moves a container's folders, with `note`, to a place where nothing removes them, and returns that place. Overwrites nothing
   * there. A damaged id, which may read as the path of anything, has no folders.
   */
  setAside(id: string, note: string | null): string {
    const known = isContainerId(id);
    const folder = join(this.#aside, `${known ? id : 'unknown'}-${randomUUID().slice(0, 8)}`);
    mkdirSync(this.#aside, { recursive: true, mode: 0o700 });
    if (!known || moveInto(this.#aside, this.of(id).base, basename(folder)) === null)
      mkdirSync(folder, { mode: 0o700 });
    if (note !== null) writeFileSync(join(folder, 'record.json'), note, { mode: 0o600 });
    return folder;
  }

  /** The folders that were set aside. */
  asideFolders(): string[] {
    return existsSync(this.#aside) ? readdirSync(this.#aside).map((name) => join(this.#aside, name)) : [];
  }

  /** The layer of a mount of the container that is an overlay: a folder with "upper" and "work". */
  overlayOf(id: string, target: string): string {
    const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
    return join(this.#overlaysOf(id), name);
  }

  /** Makes that layer, empty, in the place of one that an earlier run left. The overlay's root looks like its upper folder. */
  createOverlay(id: string, target: string, { uid, gid, mode }: Ownership): void {
    this.discardOverlay(id, target);
    const layer = this.overlayOf(id, target);
    const all = this.#overlaysOf(id);
    mkdirSync(all, { recursive: true, mode: 0o700 });
    shareLimit(this.of(id).work, all);
    mkdirSync(layer, { mode: 0o700 });
    mkdirSync(join(layer, 'work'), { mode: 0o700 });
    const upper = join(layer, 'upper');
    mkdirSync(upper);
    try {
      chownSync(upper, uid, gid);
    } catch (error) {
      // Without root, an owner outside the ids that likerd has cannot be given.
      if (!['EPERM', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    chmodSync(upper, mode & 0o7777);
  }

  /** Throws away that layer, if there is one. */
  discardOverlay(id: string, target: string): void {
    this.#discard(this.overlayOf(id, target));
  }

  /** Throws away those of all mounts. */
  discardOverlays(id: string): void {
    this.#discard(this.#overlaysOf(id));
  }

  #overlaysOf(id: string): string {
    return join(this.of(id).base, 'overlays');
  }

  #discard(path: string): void {
    // Nearly always there is none, and an exception costs as much as a transaction.
    if (!existsSync(path)) return;
    const trashed = this.trashFolder.take(path);
    if (trashed !== null) this.trashFolder.empty(trashed);
  }

  createRunFolder(path: string): void {
    mkdirSync(path, { mode: 0o700 });
  }

  /** Removes a folder of runtime state, if it exists. */
  removeRunFolder(path: string): void {
    const trashed = this.#runTrash.take(path);
    if (trashed !== null) this.#runTrash.empty(trashed);
  }

  /** Resolves when the trash is empty. */
  settled(): Promise<void> {
    return this.#emptying.run(async () => {});
  }

  /** Removes the mark of a volatile overlay mount, which would prevent the next mount. */
  clearVolatileMark(id: string): void {
    removeTreeNow(join(this.of(id).work, 'work', 'incompat'));
  }

  /** The sizes of what a container has written. */
  sizes(id: string): Promise<ContainerSizes> {
    const { upper, log } = this.of(id);
    const overlays = this.#overlaysOf(id);
    return this.#counting.run(async () => ({
      layerBytes: (await roomBelow(upper)) + (await roomBelow(overlays)),
      logBytes: await roomBelow(log),
    }));
  }

  /** Removed folders that are not emptied yet. */
  trash(): ReturnType<Trash['usage']> {
    return this.trashFolder.usage();
  }

  /** Empties a removed container's folders and keeps them; false if they are not as `create` made them. Throws on a full disk. */
  async #keepSkeleton(base: string): Promise<boolean> {
    if (!(await emptyContainer(base))) return false;
    const spare = join(this.#spare, randomUUID());
    await rename(base, spare);
    this.#spares.push(spare);
    return true;
  }
}
