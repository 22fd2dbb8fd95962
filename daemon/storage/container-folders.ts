import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isContainerId } from '../../common/ids.ts';
import { retry } from '../loop/retry.ts';
import { Semaphore } from '../loop/semaphore.ts';
import { emptyContainer, removeTree, removeTreeNow, treeSize } from '../native/libliker.ts';

/** Folders of one container on the lasting file system. */
export interface Folders {
  readonly base: string;
  readonly upper: string;
  readonly work: string;
  readonly log: string;
}

/** Bytes of the files in a container's own layer, and of its log. */
export interface ContainerSizes {
  readonly layerBytes: number;
  readonly logBytes: number;
}

/** After it, a file system that is still mounted is emptied all the same. */
const longestUnmountMs = 10_000;
/** Between attempts to remove what could not be removed. */
const pauses = { firstMs: 200, longestMs: 60_000 };
/** Emptied folders that are kept for the next containers. */
const maxSpares = 32;
/** As randomUUID makes them. */
const spareName = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Container folders below ROOT/containers. A removal is one rename; the bytes are freed in a thread, and the emptied
 * skeleton is kept for the next container, since making and removing folders is what costs on a journalling file system.
 */
export class ContainerFolders {
  readonly #containers: string;
  readonly #trash: string;
  readonly #runTrash: string;
  readonly #aside: string;
  readonly #spare: string;
  readonly #spares: string[];
  /** Trees are removed, and counted, one after the other: the threads are few. */
  readonly #emptying = new Semaphore(1);
  readonly #counting = new Semaphore(1);

  /** `run`: the folder of the run state, whose trash is emptied as well. */
  constructor(root: string, run: string) {
    this.#containers = join(root, 'containers');
    this.#trash = join(root, 'trash');
    this.#runTrash = join(run, 'trash');
    this.#spare = join(root, 'spare');
    this.#aside = join(root, 'set-aside');
    for (const folder of [this.#containers, this.#trash, this.#runTrash, this.#spare])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#spares = readdirSync(this.#spare)
      .filter((name) => spareName.test(name))
      .map((name) => join(this.#spare, name));
    for (const trash of [this.#trash, this.#runTrash])
      for (const name of readdirSync(trash)) void this.#emptying.run(() => this.#remove(join(trash, name)));
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
    // Never an old one: its mode, owner and attributes were the last container's.
    mkdirSync(folders.upper);
    // The root of the container: its users must be able to pass through. The folder above is closed.
    chmodSync(folders.upper, 0o755);
    return folders;
  }

  /** Removes a container's folders; gone already is fine. They are emptied once `unmounted` resolves. */
  remove(id: string, unmounted: Promise<void> = Promise.resolve()): void {
    const { base } = this.of(id);
    let trashed: string | null = base;
    try {
      trashed = this.discard(base);
    } catch {
      // Its record is gone: it is emptied where it is.
    }
    if (trashed === null) return;
    const folder = trashed;
    void this.#emptying.run(async () => {
      await Promise.race([unmounted, setTimeout(longestUnmountMs, undefined, { ref: false })]);
      const kept = this.#spares.length < maxSpares && (await this.#keepSkeleton(folder).catch(() => false));
      if (!kept) await this.#remove(folder);
    });
  }

  /** Removes a tree now or, when it cannot be removed, later. */
  async #remove(path: string): Promise<void> {
    const attempt = () =>
      removeTree(path).then(
        () => true,
        () => false,
      );
    if (!(await attempt())) void retry(() => this.#emptying.run(attempt), pauses);
  }

  /**
   * Moves a container's folders to where nothing removes them, `note` with them; answers where. None that is there already
   * is overwritten.
   */
  setAside(id: string, note: string | null): string {
    const folder = join(this.#aside, `${id}-${randomUUID().slice(0, 8)}`);
    mkdirSync(this.#aside, { recursive: true, mode: 0o700 });
    if (this.discard(this.of(id).base, this.#aside, basename(folder)) === null)
      mkdirSync(folder, { mode: 0o700 });
    if (note !== null) writeFileSync(join(folder, 'record.json'), note, { mode: 0o600 });
    return folder;
  }

  /** Where containers' folders were moved to. */
  asideFolders(): string[] {
    return existsSync(this.#aside) ? readdirSync(this.#aside).map((name) => join(this.#aside, name)) : [];
  }

  createRunFolder(path: string): void {
    mkdirSync(path, { mode: 0o700 });
  }

  /** Removes a folder of the run state; gone already is fine. */
  removeRunFolder(path: string): void {
    const trashed = this.discard(path, this.#runTrash);
    if (trashed !== null) void this.#emptying.run(() => this.#remove(trashed));
  }

  /** Moves a folder out of the way at once; null when it was gone. */
  discard(path: string, trash = this.#trash, name: string = randomUUID()): string | null {
    const target = join(trash, name);
    try {
      renameSync(path, target);
      return target;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      // A full disk may have no room for the new name: the folder is emptied where it is.
      if (['ENOSPC', 'EDQUOT'].includes(code)) return path;
      throw error;
    }
  }

  /** Resolves when the trash is empty. */
  settled(): Promise<void> {
    return this.#emptying.run(async () => {});
  }

  /** An overlay that was mounted volatile leaves a mark that forbids the next mount. */
  clearVolatileMark(id: string): void {
    removeTreeNow(join(this.of(id).work, 'work', 'incompat'));
  }

  /** What a container has written. */
  sizes(id: string): Promise<ContainerSizes> {
    const { upper, log } = this.of(id);
    return this.#counting.run(async () => ({
      layerBytes: await treeSize(upper),
      logBytes: await treeSize(log),
    }));
  }

  /** Folders of removed containers that are not yet emptied. */
  async trash(): Promise<{ readonly count: number; readonly bytes: number }> {
    const [names, bytes] = await Promise.all([readdir(this.#trash), treeSize(this.#trash)]);
    return { count: names.length, bytes };
  }

  /** Empties a removed container's folders and keeps them; false when they are not as they were made. Throws without room. */
  async #keepSkeleton(base: string): Promise<boolean> {
    if (!(await emptyContainer(base))) return false;
    const spare = join(this.#spare, randomUUID());
    await rename(base, spare);
    this.#spares.push(spare);
    return true;
  }
}

/**
 * Options of mount(2) for an overlay. Colons separate lower layers and commas options; both are escaped by a
 * backslash (Documentation/filesystems/overlayfs.rst).
 */
export function overlayOptions(lower: string, folders: Folders, volatile: boolean): string {
  const escaped = (path: string) => path.replace(/[\\:,]/g, (character) => `\\${character}`);
  const options = [
    `lowerdir=${escaped(lower)}`,
    `upperdir=${escaped(folders.upper)}`,
    `workdir=${escaped(folders.work)}`,
  ];
  if (volatile) options.push('volatile');
  return options.join(',');
}
