import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { files } from '../client/connection/methods.ts';
import { hasReason } from '../common/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../common/tar.ts';
import type { FileEntry } from '../proto/gen/types/liker/v1/FileEntry.ts';
import type { CallOptions, Engine } from './engine.ts';
import { fileContent } from './file-content.ts';
import { type FileStats, type FolderEntry, fileStats, folderEntry } from './file-stats.ts';

/** How a folder is listed. */
export interface ReaddirOptions extends CallOptions {
  readonly withFileTypes?: boolean;
  /** With what is in each folder. Links to folders are not followed. */
  readonly recursive?: boolean;
}

const again = 'read again';

/**
 * The files of a container, whether it runs or not, in the words of `node:fs/promises`. Paths are absolute.
 *
 * @example
 * await box.files.writeFile('/tmp/greeting', 'hello');
 * console.log(await box.files.readFile('/tmp/greeting', 'utf8')); //> hello
 */
export class Files {
  readonly #engine: Engine;
  readonly #container: string;

  /** @internal */
  constructor(engine: Engine, container: string) {
    this.#engine = engine;
    this.#container = container;
  }

  /** The whole file. A link is followed. */
  readFile(path: string, encoding: BufferEncoding, options?: CallOptions): Promise<string>;
  readFile(path: string, encoding?: null, options?: CallOptions): Promise<Buffer>;
  async readFile(
    path: string,
    encoding: BufferEncoding | null = null,
    options: CallOptions = {},
  ): Promise<Buffer | string> {
    const bytes = Buffer.concat(await Array.fromAsync(this.#content(path, options)));
    return encoding === null ? bytes : bytes.toString(encoding);
  }

  /** The bytes of a file. A link is followed. */
  createReadStream(path: string, options: CallOptions = {}): Readable {
    return Readable.from(this.#content(path, options), { objectMode: false });
  }

  /** Writes a file that is there or not. Its folder must be there. It belongs to root. */
  async writeFile(
    path: string,
    data: string | Uint8Array,
    { mode = 0o644, signal }: CallOptions & { readonly mode?: number } = {},
  ): Promise<void> {
    const bytes = Buffer.from(data);
    await this.#put(path, { kind: 'file', size: bytes.length, mode }, bytes, signal);
  }

  /** Makes a folder, unless it is there. The folder that it is in must be there. */
  async mkdir(
    path: string,
    { mode = 0o755, signal }: CallOptions & { readonly mode?: number } = {},
  ): Promise<void> {
    if (await this.#isFolder(path, signal)) return;
    await this.#put(path, { kind: 'folder', size: 0, mode }, Buffer.alloc(0), signal);
  }

  /** What is at the path. A link is followed. */
  stat(path: string, options?: CallOptions): Promise<FileStats> {
    return this.#stat({ path, follow: true }, options);
  }

  /** What is at the path. A link is not followed. */
  lstat(path: string, options?: CallOptions): Promise<FileStats> {
    return this.#stat({ path, follow: false }, options);
  }

  /** What is in a folder, by name: names, or paths from the folder on if it is `recursive`. `withFileTypes`: with what each is. */
  readdir(path: string, options: ReaddirOptions & { readonly withFileTypes: true }): Promise<FolderEntry[]>;
  readdir(path: string, options?: ReaddirOptions & { readonly withFileTypes?: false }): Promise<string[]>;
  async readdir(
    path: string,
    { withFileTypes = false, recursive = false, signal }: ReaddirOptions = {},
  ): Promise<string[] | FolderEntry[]> {
    const request = { container: this.#container, path, recursive };
    const options = { follows: false, again: 'list again', signal };
    const entries: FileEntry[] = [];
    for await (const answer of this.#engine.stream(files.ListFiles, () => request, options))
      entries.push(...answer.entries);
    return withFileTypes
      ? entries.map(({ name, file }) => folderEntry(path, name, file))
      : entries.map(({ name }) => name);
  }

  /** A tar archive of what is at the path, and below it. */
  async *readArchive(path: string, options: CallOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#read({ container: this.#container, path }, options);
  }

  /** Unpacks a tar archive, plain or compressed, in a folder. */
  async writeArchive(
    folder: string,
    archive: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#engine.send(files.WriteFiles, { container: this.#container, folder }, archive, options);
  }

  async #isFolder(path: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return (await this.lstat(path, { signal })).isDirectory();
    } catch (error) {
      if (hasReason(error, 'PATH_NOT_FOUND')) return false;
      throw error;
    }
  }

  async #stat(
    at: { readonly path: string; readonly follow: boolean },
    options?: CallOptions,
  ): Promise<FileStats> {
    const { file } = await this.#engine.call(files.GetFile, { container: this.#container, ...at }, options);
    return fileStats(file);
  }

  #content(path: string, options: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const request = { container: this.#container, path, name: 'file', follow: true };
    return fileContent(this.#read(request, options), path);
  }

  async *#read(request: object, { signal }: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const stream = this.#engine.stream(files.ReadFiles, () => request, { follows: false, again, signal });
    for await (const { data } of stream) yield data;
  }

  async #put(
    path: string,
    entry: { readonly kind: 'file' | 'folder'; readonly size: number; readonly mode: number },
    bytes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { dir, base } = posix.parse(posix.resolve('/', path));
    const mtime = Math.floor(Date.now() / 1000);
    const parts = [tarHeader({ ...entry, name: base, mtime }), bytes, tarPadding(entry.size), tarEnd()];
    await this.writeArchive(dir, parts, { signal });
  }
}
