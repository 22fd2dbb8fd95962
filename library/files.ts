import { Readable, type Writable } from 'node:stream';
import { files } from '../client/connection/methods.ts';
import type { FileEntry } from '../proto/gen/types/liker/v1/FileEntry.ts';
import type { WriteFileStartInput } from '../proto/gen/types/liker/v1/WriteFileStart.ts';
import type { CallOptions, Engine } from './engine.ts';
import { fileContent } from './file-content.ts';
import { type FileStats, type FolderEntry, fileStats, folderEntry } from './file-stats.ts';
import type { Input } from './process.ts';
import { uploadStream } from './upload-stream.ts';
import { type FileWatcher, fileWatcher } from './watch.ts';

/** `w`: what the file has is gone, `a`: it is kept, and what is written comes after it. `x`: the file must not be there. */
export type WriteFlag = 'w' | 'wx' | 'a' | 'ax';

/** How a file is written. */
export interface WriteFileOptions extends CallOptions {
  /** Permissions of a new file; by default 0o644. */
  readonly mode?: number;
  /** By default `w`. */
  readonly flag?: WriteFlag;
}

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

  /** Writes a file, which is made if it is missing, and then belongs to root. Its folder must be there. A link is followed. */
  async writeFile(path: string, data: Input, options: WriteFileOptions = {}): Promise<void> {
    await this.#engine.send(files.WriteFile, this.#target(path, options), pieces(data), options);
  }

  /** As `writeFile`, but after what the file has. */
  appendFile(path: string, data: Input, options: WriteFileOptions = {}): Promise<void> {
    return this.writeFile(path, data, { flag: 'a', ...options });
  }

  /** As `writeFile`, of what is written to the stream, which is finished once the file has all. */
  createWriteStream(
    path: string,
    { flags, ...options }: Omit<WriteFileOptions, 'flag'> & { readonly flags?: WriteFlag } = {},
  ): Writable {
    const start = this.#target(path, { ...options, ...(flags && { flag: flags }) });
    return uploadStream((bytes) => this.#engine.upload(files.WriteFile, start, bytes, options));
  }

  /** Makes a folder. `recursive`: with those above it that are missing, and nothing is wrong if it is there. */
  async mkdir(
    path: string,
    {
      mode,
      recursive = false,
      ...options
    }: CallOptions & { readonly mode?: number; readonly recursive?: boolean } = {},
  ): Promise<void> {
    const request = { container: this.#container, path, recursive, ...(mode !== undefined && { mode }) };
    await this.#engine.call(files.MakeFolder, request, options);
  }

  /** Removes a file or a link. `recursive`: or a folder with all that is in it. `force`: nothing is wrong if nothing is there. */
  async rm(
    path: string,
    {
      recursive = false,
      force = false,
      ...options
    }: CallOptions & { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const request = { container: this.#container, path, recursive, force };
    await this.#engine.call(files.RemoveFile, request, options);
  }

  /** Gives a file or a folder another path, in the place of what is there. */
  async rename(path: string, newPath: string, options?: CallOptions): Promise<void> {
    await this.#engine.call(files.RenameFile, { container: this.#container, path, newPath }, options);
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

  /**
   * Changes of a file, or in a folder, as of Node's `watch`: without those in the folders in it. It outlives restarts of likerd and of the
   * container, and says then, by a null `filename`, that events may be missing. A link is followed.
   */
  watch(path: string, { signal }: CallOptions = {}): FileWatcher {
    const request = { container: this.#container, path };
    return fileWatcher(this.#engine.stream(files.WatchFile, () => request, { follows: true, signal }));
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

  #target(path: string, { mode, flag = 'w' }: WriteFileOptions): WriteFileStartInput {
    const how = { append: flag.startsWith('a'), exclusive: flag.endsWith('x') };
    return { container: this.#container, path, ...how, ...(mode !== undefined && { mode }) };
  }
}

async function* pieces(data: Input): AsyncGenerator<Uint8Array, void, undefined> {
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  for await (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}
