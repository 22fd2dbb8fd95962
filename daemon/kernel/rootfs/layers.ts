import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree, removeTreeNow } from '../../native/libliker.ts';

/** Folders of one container on the lasting file system. */
export interface ContainerFolders {
  readonly base: string;
  readonly upper: string;
  readonly work: string;
  readonly log: string;
}

/** Container folders below ROOT/containers. Removed ones go through ROOT/trash, so that a removal is one rename. */
export class Layers {
  readonly #containers: string;
  readonly #trash: string;
  #trashed = 0;
  #emptying: Promise<void> = Promise.resolve();

  constructor(root: string) {
    this.#containers = join(root, 'containers');
    this.#trash = join(root, 'trash');
    mkdirSync(this.#containers, { recursive: true, mode: 0o700 });
    mkdirSync(this.#trash, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#trash)) this.#empty(join(this.#trash, name));
  }

  folders(id: string): ContainerFolders {
    const base = join(this.#containers, id);
    return { base, upper: join(base, 'upper'), work: join(base, 'work'), log: join(base, 'log') };
  }

  /** Ids that have folders. */
  list(): string[] {
    return readdirSync(this.#containers);
  }

  create(id: string, overlay: boolean): ContainerFolders {
    const folders = this.folders(id);
    mkdirSync(folders.base, { mode: 0o700 });
    mkdirSync(folders.log, { mode: 0o700 });
    if (overlay) {
      mkdirSync(folders.upper, { mode: 0o755 });
      mkdirSync(folders.work, { mode: 0o700 });
    }
    return folders;
  }

  /** Removes a container's folders; gone already is fine. The bytes are freed in the background. */
  remove(id: string): void {
    const target = join(this.#trash, `${id}-${Date.now()}-${this.#trashed++}`);
    try {
      renameSync(join(this.#containers, id), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#empty(target);
  }

  /** Removes a small folder, also while somebody else removes from it. */
  removeNow(path: string): void {
    removeTreeNow(path);
  }

  /** Resolves when the trash is empty. */
  settled(): Promise<void> {
    return this.#emptying;
  }

  /** An overlay that was mounted volatile leaves a mark that forbids the next mount. */
  clearVolatileMark(id: string): void {
    rmSync(join(this.folders(id).work, 'work', 'incompat'), { recursive: true, force: true });
  }

  /** Bytes that the files of the container's own layer take. */
  async size(id: string): Promise<number> {
    return sizeOf(this.folders(id).upper);
  }

  #empty(path: string): void {
    this.#emptying = this.#emptying.then(() => removeTree(path)).catch(() => {});
  }
}

async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  let folder: Awaited<ReturnType<typeof opendir>>;
  try {
    folder = await opendir(path);
  } catch {
    return 0;
  }
  for await (const entry of folder) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(child);
    else bytes += await lstat(child).then((stat) => stat.size).catch(() => 0);
  }
  return bytes;
}

/**
 * Options of mount(2) for an overlay. Colons separate lower layers and commas options; both are escaped by a
 * backslash (Documentation/filesystems/overlayfs.rst).
 */
export function overlayOptions(lower: string, folders: ContainerFolders, volatile: boolean): string {
  const escape = (path: string) => path.replace(/[\\:,]/g, (character) => `\\${character}`);
  const options = [`lowerdir=${escape(lower)}`, `upperdir=${escape(folders.upper)}`, `workdir=${escape(folders.work)}`];
  if (volatile) options.push('volatile');
  return options.join(',');
}

/** True when the directory is there. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
