import { randomUUID } from 'node:crypto';
import { constants, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { chmod, link, mkdir, open, readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import type { Trash } from './trash.ts';

const hexName = /^[0-9a-f]{64}$/;
const partialName = /^sha256-[0-9a-f]{64}$/;
/** Says how many of the first bytes of such a file are there, while others are written beyond them. */
const gapsSuffix = '.gaps';
const digitsOfGaps = 16;

/** The archive of a layer, of which some bytes are there. */
interface Partial {
  readonly digest: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * Files by the digest of their bytes, below ROOT/blobs/sha256: manifests and configurations as they came, and layers' archives that are to be
 * kept. ROOT/ingest has those that are still coming.
 */
export class Content {
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #trash: Pick<Trash, 'take' | 'empty'>;
  /** Names in ingest/ of files and folders that calls are writing. */
  readonly #drafts = new Set<string>();

  /** `trash`: that of `root`. */
  constructor(root: string, trash: Pick<Trash, 'take' | 'empty'>) {
    this.#trash = trash;
    this.#blobs = join(root, 'blobs/sha256');
    this.#ingest = join(root, 'ingest');
    for (const folder of [this.#blobs, this.#ingest]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Where the file with this digest is. */
  path(digest: string): string {
    return join(this.#blobs, hexOf(digest));
  }

  /** Digests of all files. Other entries are not Liker's. */
  list(): string[] {
    return readdirSync(this.#blobs)
      .filter((name) => hexName.test(name))
      .map((name) => `sha256:${name}`);
  }

  /** The size of a file; null: it is not there. */
  async size(digest: string): Promise<number | null> {
    return stat(this.path(digest)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** Its bytes. Rejects when it is not there, has more than `maxBytes`, or another digest. */
  async read(digest: string, maxBytes: number): Promise<Buffer> {
    await using file = await open(this.path(digest));
    const { size } = await file.stat();
    if (size > maxBytes) throw new Error(`it has ${size} bytes, and at most ${maxBytes} are read`);
    const bytes = await file.readFile();
    if (digestOf(bytes) !== digest) throw new Error('its bytes do not have its digest');
    return bytes;
  }

  /** Stores bytes, which are few, and returns their digest. They are on the disk when it resolves. */
  async write(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    const name = `blob-${randomUUID()}`;
    const draft = join(this.#ingest, name);
    this.#drafts.add(name);
    try {
      await using file = await open(draft, 'wx', 0o600);
      await file.writeFile(bytes);
      await file.datasync();
      await rename(draft, this.path(digest));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    } finally {
      this.#drafts.delete(name);
    }
    return digest;
  }

  /** Where the archive of a layer is while it comes. */
  partialPath(digest: string): string {
    return join(this.#ingest, `sha256-${hexOf(digest)}`);
  }

  /** The archives of layers that have begun to come. */
  async partial(): Promise<Partial[]> {
    const names = (await readdir(this.#ingest)).filter((name) => partialName.test(name));
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#ingest, name);
        const [stats, mark] = await Promise.all(
          [path, `${path}${gapsSuffix}`].map((file) => stat(file).catch(() => null)),
        );
        if (!stats) return null;
        const size = (stats.blocks + (mark?.blocks ?? 0)) * 512;
        return { digest: name.replace('-', ':'), size, changedAt: stats.mtimeMs };
      }),
    );
    return found.filter((file) => file !== null);
  }

  /** A complete file in ingest/, which is open, becomes the one with this digest. It also stays where it is. */
  async keep(fd: number, digest: string): Promise<void> {
    const target = this.path(digest);
    await rm(target, { force: true });
    await link(await readlink(`/proc/self/fd/${fd}`), target);
    await chmod(target, 0o600);
  }

  async removePartial(digest: string): Promise<void> {
    for (const path of [this.partialPath(digest), this.#gapsPath(digest)]) await rm(path, { force: true });
  }

  /** The first `end` bytes of an archive that comes are there, and more beyond a gap; null: there are no gaps. */
  async markGaps(digest: string, end: number | null): Promise<void> {
    const path = this.#gapsPath(digest);
    if (end === null) {
      await rm(path, { force: true });
      return;
    }
    // Written over in one piece, so that whoever reads it after a kill finds a number.
    await using file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    await file.write(String(end).padStart(digitsOfGaps, '0'), 0);
  }

  /** What the last mark says, 0 if it cannot be read; null: there is none. */
  async gaps(digest: string): Promise<number | null> {
    const text = await readFile(this.#gapsPath(digest), 'utf8').catch(() => null);
    return text === null ? null : Number(/^\d{16}$/.exec(text)?.[0] ?? 0);
  }

  #gapsPath(digest: string): string {
    return `${this.partialPath(digest)}${gapsSuffix}`;
  }

  /** Names in ingest/ that are neither archives that come nor what a call writes by this class; a mark of gaps whose archive is gone is one. */
  drafts(): string[] {
    const names = new Set(readdirSync(this.#ingest));
    const ofArchive = (name: string): boolean =>
      partialName.test(name) || (name.endsWith(gapsSuffix) && names.has(name.slice(0, -gapsSuffix.length)));
    return [...names].filter((name) => !ofArchive(name) && !this.#drafts.has(name));
  }

  /** Removes what has such a name. */
  discardDraft(name: string): void {
    this.discard(join(this.#ingest, name));
  }

  /** Makes a folder for an archive that comes. Give it to `discard` afterwards. */
  async beginArchive(): Promise<string> {
    const name = `load-${randomUUID()}`;
    const folder = join(this.#ingest, name);
    this.#drafts.add(name);
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      this.#drafts.delete(name);
      throw error;
    }
    return folder;
  }

  /** Removes a folder that `beginArchive` has made. */
  discard(folder: string): void {
    const trashed = this.#trash.take(folder);
    this.#drafts.delete(basename(folder));
    if (trashed !== null) this.#trash.empty(trashed);
  }

  /** Removes a file, if it is there. Files are small, and it is gone at once: one that is written next stays. */
  remove(digest: string): void {
    if (isSha256(digest)) rmSync(this.path(digest), { force: true });
  }
}

/** Of a digest whose form was checked. */
export function hexOf(digest: string): string {
  if (!isSha256(digest)) throw new Error(`'${digest}' is no digest by SHA-256`);
  return digest.slice('sha256:'.length);
}

/** Files and folders are named by such digests only. A damaged row may have another. */
export function isSha256(digest: string): boolean {
  return digest.startsWith('sha256:') && hexName.test(digest.slice('sha256:'.length));
}
