import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { asError, LikerError } from '../errors.ts';
import {
  type FileEvent,
  type FileFacts,
  type FolderEntry,
  failureOf,
  type Packed,
  reports,
} from './report.ts';

/** A process whose root and user namespace the files are seen in. */
export interface Viewer {
  readonly pid: number;
  readonly startTime: string;
  /** Called for each helper that sees the files, with what resolves when it has ended. */
  readonly onHelper?: (ended: Promise<void>) => void;
}

/** Paths of liker-tree and liker-unpack. */
export interface FilePrograms {
  readonly tree: string;
  readonly unpack: string;
}

export interface PackOptions {
  /** Of the archive's first entry. */
  readonly name: string;
  /** Takes what a link at the path leads to. */
  readonly follow: boolean;
}

/** Whose the files are: whom the archive names, whoever makes them, or one user. */
export type Owner = 'archive' | 'maker' | { readonly uid: number; readonly gid: number };

/** Added, changed, or deleted. */
export interface FileChange {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}

export interface UnpackOptions {
  /** A folder that is there. */
  readonly folder: string;
  readonly owner: Owner;
}

export interface MakeFolderOptions {
  readonly mode: number;
  readonly recursive: boolean;
}

export interface RemoveOptions {
  readonly recursive: boolean;
  readonly force: boolean;
}

export interface WriteFileOptions {
  /** Of a new file. */
  readonly mode: number;
  /** At its end, instead of from its begin, where it is cut. */
  readonly append: boolean;
  /** It must not be there. */
  readonly exclusive: boolean;
}

/** Whose folder is unpacked into: a container's, or the caller's own, which is open. */
export type Target = Viewer | { readonly target: number };

/**
 * Files, packed and unpacked by processes of their own: those of a container as its root sees them, without a way out of its root, or the
 * caller's. Nothing of a container is executed. Paths that are not there: PATH_NOT_FOUND, BAD_PATH.
 */
export class FileTree {
  readonly #programs: FilePrograms;

  constructor(programs: FilePrograms) {
    this.#programs = programs;
  }

  async stat(
    viewer: Viewer | null,
    path: string,
    { follow }: Pick<PackOptions, 'follow'>,
    signal?: AbortSignal,
  ): Promise<FileFacts> {
    return reports.stat(await this.#report(['stat', ...flags({ follow }), '--', path], { viewer, signal }));
  }

  /** What happens to a file, or in a folder, until the signal; a link is followed. Rejects with PATH_NOT_FOUND once it is gone. */
  async *watch(viewer: Viewer | null, path: string, signal?: AbortSignal): AsyncGenerator<FileEvent, void> {
    const args = [...viewedBy(viewer), 'watch', '--', path];
    for await (const line of parts(this.#archive(args, { viewer, signal }), '\n')) yield reports.event(line);
  }

  /** `recursive`: with missing parents, and nothing is wrong if it is there. */
  async makeFolder(
    viewer: Viewer,
    path: string,
    { mode, recursive }: MakeFolderOptions,
    signal?: AbortSignal,
  ): Promise<void> {
    const options = ['--mode', mode.toString(8), ...flags({ recursive })];
    await this.#report(['mkdir', ...options, '--', path], { viewer, signal });
  }

  /** A link at the path is removed itself. `recursive`: with what is in it. `force`: nothing is wrong if nothing is there. */
  async remove(
    viewer: Viewer,
    path: string,
    { recursive, force }: RemoveOptions,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#report(['remove', ...flags({ recursive, force }), '--', path], { viewer, signal });
  }

  async rename(viewer: Viewer, from: string, to: string, signal?: AbortSignal): Promise<void> {
    await this.#report(['rename', '--', from, to], { viewer, signal });
  }

  /** Writes a file, which is made if it is missing; a link is followed. What was written before an error stays. */
  async write(
    viewer: Viewer,
    path: string,
    { mode, append, exclusive }: WriteFileOptions,
    bytes: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Packed> {
    const options = ['--mode', mode.toString(8), ...flags({ append, exclusive })];
    const args = [...viewedBy(viewer), 'write', ...options, '--', path];
    const stdio: StdioOptions = ['pipe', 'ignore', 'pipe', 'pipe'];
    return await fed(bytes, signal, (either) => {
      const child = start(this.#programs.tree, args, stdio, { viewer, signal: either });
      const line = lastLine(child, child.stdio[3] as Readable, signal);
      return { input: child.stdin as Writable, report: line.then(reports.pack), end: nothing };
    });
  }

  /** Of a helper without input and output. */
  async #report(args: readonly string[], { viewer, signal }: Use): Promise<string> {
    const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', 'pipe'];
    const child = start(this.#programs.tree, [...viewedBy(viewer), ...args], stdio, { viewer, signal });
    return await lastLine(child, child.stdio[3] as Readable, signal);
  }

  /** What is in a folder, by name; `recursive`: with what is in each folder after it. */
  async *list(
    viewer: Viewer | null,
    path: string,
    { recursive }: { readonly recursive: boolean },
    signal?: AbortSignal,
  ): AsyncGenerator<FolderEntry, void> {
    const args = [...viewedBy(viewer), 'list', ...flags({ recursive }), '--', path];
    for await (const line of parts(this.#archive(args, { viewer, signal }), '\n')) yield reports.entry(line);
  }

  /** The bytes of a tar archive. They are complete when the iteration ends without an error. */
  async *pack(
    viewer: Viewer | null,
    path: string,
    { name, follow }: PackOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer, Packed> {
    const options = ['--name', name, ...flags({ follow })];
    return yield* this.#archive([...viewedBy(viewer), 'pack', ...options, '--', path], { viewer, signal });
  }

  /** As `pack`, but the archive goes through a connected Unix socket to `unpackFrom` of another process. */
  async packTo(
    socket: Socket,
    viewer: Viewer | null,
    path: string,
    { name, follow }: PackOptions,
    signal?: AbortSignal,
  ): Promise<Packed> {
    const options = ['--name', name, ...flags({ follow, descriptors: true })];
    const args = [...viewedBy(viewer), 'pack', ...options, '--', path];
    const child = startWith(socket, this.#programs.tree, args, ['ignore', socket, 'pipe', 'pipe'], {
      viewer,
      signal,
    });
    return reports.pack(await lastLine(child, child.stdio[3] as Readable, signal));
  }

  /** What an overlay's upper folder changes of those below, the uppermost first: paths from "/" on, parents first. */
  async *changes(
    upper: string,
    lowers: readonly string[],
    signal?: AbortSignal,
  ): AsyncGenerator<FileChange, void> {
    const chunks = this.#archive(['changes', upper, ...lowers], { viewer: null, signal });
    for await (const line of parts(chunks, '\0'))
      yield { kind: line[0] as FileChange['kind'], path: line.slice(1) };
  }

  /** As `pack`, of the whole root of a container, without what is mounted there. Names do not begin with "./". */
  whole(viewer: Viewer, signal?: AbortSignal): AsyncGenerator<Buffer, Packed> {
    return this.#archive([...viewedBy(viewer), 'whole'], { viewer, signal });
  }

  /** As `whole`, but the archive goes to a socket, which is destroyed here: the program has a descriptor of its own. */
  async wholeTo(socket: Socket, viewer: Viewer, signal?: AbortSignal): Promise<Packed> {
    const args = [...viewedBy(viewer), 'whole'];
    const child = startWith(socket, this.#programs.tree, args, ['ignore', socket, 'pipe', 'pipe'], {
      viewer,
      signal,
    });
    return reports.pack(await lastLine(child, child.stdio[3] as Readable, signal));
  }

  async *#archive(args: readonly string[], { viewer, signal }: Use): AsyncGenerator<Buffer, Packed> {
    const left = new AbortController();
    const over = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const child = start(this.#programs.tree, args, ['ignore', 'pipe', 'pipe', 'pipe'], {
      viewer,
      signal: over,
    });
    const line = lastLine(child, child.stdio[3] as Readable, signal);
    line.catch(() => {});
    let whole = false;
    try {
      for await (const chunk of child.stdout as Readable) yield chunk;
      whole = true;
    } finally {
      if (!whole) left.abort();
    }
    return reports.pack(await line);
  }

  /**
   * Unpacks a tar archive, plain or compressed, into a folder. What is there stays, unless the archive has a file in its place: a file never
   * takes the place of a folder, nor the other way round.
   */
  async unpack(
    into: Target,
    options: UnpackOptions,
    bytes: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Packed> {
    const { args, target, viewer } = targetOf(into, options);
    const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', 'pipe', target];
    return await fed(bytes, signal, (either) => {
      const child = start(this.#programs.unpack, args, stdio, { viewer, signal: either });
      const line = lastLine(child, child.stdout as Readable, signal);
      child.stdin?.on('error', nothing);
      return {
        input: child.stdio[3] as Writable,
        report: line.then(reports.unpack),
        end: (count) => void child.stdin?.end(`end ${count}\n`),
      };
    });
  }

  /** As `unpack`, but the archive comes through a connected Unix socket from `packTo` of another process. */
  async unpackFrom(
    socket: Socket,
    into: Target,
    options: UnpackOptions,
    signal?: AbortSignal,
  ): Promise<Packed> {
    const { args, target, viewer } = targetOf(into, options);
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', socket, target];
    const child = startWith(socket, this.#programs.unpack, [...args, '--descriptors'], stdio, {
      viewer,
      signal,
    });
    return reports.unpack(await lastLine(child, child.stdout as Readable, signal));
  }
}

/** Those of a text, each of which ends with the separator. */
async function* parts(chunks: AsyncIterable<Buffer>, separator: string): AsyncGenerator<string, void> {
  let rest = '';
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunks) {
    const found = (rest + decoder.write(chunk)).split(separator);
    rest = found.pop() ?? '';
    yield* found;
  }
}

const nothing = (): void => {};

/** A helper that reads. */
interface Fed<T> {
  readonly input: Writable;
  /** Settles when it has ended. */
  readonly report: Promise<T>;
  /** Tells it that it has got all, which are so many bytes. */
  readonly end: (count: number) => void;
}

/** The report of a helper that gets all bytes, or until it has ended. It is killed when they cannot be read, or by the signal. */
async function fed<T>(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  begin: (either: AbortSignal) => Fed<T>,
): Promise<T> {
  const left = new AbortController();
  const { input, report, end } = begin(signal ? AbortSignal.any([signal, left.signal]) : left.signal);
  const over = report.then(nothing, nothing);
  input.on('error', nothing);
  try {
    let count = 0;
    for await (const chunk of upTo(over, bytes)) {
      if (input.destroyed) break;
      count += chunk.length;
      if (!input.write(chunk)) await drained(input);
    }
    input.end();
    end(count);
  } catch (error) {
    left.abort();
    await over;
    throw error;
  }
  return await report;
}

/** What comes until `over` resolves, also if that is while nothing comes. */
async function* upTo<T>(over: Promise<void>, values: AsyncIterable<T>): AsyncGenerator<T, void> {
  let isOver = false;
  let wake = nothing;
  void over.then(() => {
    isOver = true;
    wake();
  });
  const iterator = values[Symbol.asyncIterator]();
  let isDone = false;
  try {
    while (!isOver) {
      const next = await new Promise<IteratorResult<T> | null>((resolve, reject) => {
        wake = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      isDone = next?.done === true;
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    // Not waited for: it may be in the middle of a read that never ends.
    if (!isDone) iterator.return?.().catch(nothing);
  }
}

/** Or closed: whoever ends early says why in its report. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      stream.off('drain', over).off('close', over);
      resolve();
    };
    stream.on('drain', over).on('close', over);
  });
}

/** Those that are true, as `--name`. */
function flags(options: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(options).flatMap(([name, isTrue]) => (isTrue ? [`--${name}`] : []));
}

function viewedBy(viewer: Viewer | null): string[] {
  return viewer ? ['--container', `${viewer.pid}:${viewer.startTime}`] : [];
}

/** The arguments of liker-unpack, and its fd 4. */
function targetOf(
  into: Target,
  { folder, owner }: UnpackOptions,
): { readonly args: string[]; readonly target: number | 'ignore'; readonly viewer: Viewer | null } {
  const viewer = 'target' in into ? null : into;
  const args = ['--into', folder, ...ownedBy(owner), ...viewedBy(viewer)];
  return { args, target: 'target' in into ? into.target : 'ignore', viewer };
}

function ownedBy(owner: Owner): string[] {
  if (owner === 'archive') return [];
  return ['--owner', owner === 'maker' ? 'none' : `${owner.uid}:${owner.gid}`];
}

/** On whose behalf a helper runs. */
interface Use {
  readonly viewer: Viewer | null;
  readonly signal: AbortSignal | undefined;
}

function start(
  program: string,
  args: readonly string[],
  stdio: StdioOptions,
  { viewer, signal }: Use,
): ChildProcess {
  if (signal?.aborted) throw cancelled(signal);
  const child = spawn(program, args, { stdio, env: {}, killSignal: 'SIGKILL', ...(signal && { signal }) });
  if (child.pid !== undefined)
    viewer?.onHelper?.(new Promise((resolve) => child.once('exit', () => resolve())));
  return child;
}

/** The helper alone has the socket then: the other end notices when it ends. */
function startWith(
  socket: Socket,
  program: string,
  args: readonly string[],
  stdio: StdioOptions,
  use: Use,
): ChildProcess {
  try {
    return start(program, args, stdio, use);
  } finally {
    socket.destroy();
  }
}

function cancelled({ reason }: AbortSignal): Error {
  return reason instanceof LikerError ? reason : new LikerError('CANCELLED', 'The call was cancelled');
}

/** The last line of a report. Rejects with the error that it tells, once the process has ended. */
async function lastLine(
  child: ChildProcess,
  report: Readable,
  signal: AbortSignal | undefined,
): Promise<string> {
  let problem: Error | undefined;
  let words = '';
  let line = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4096);
  });
  report.setEncoding('utf8').on('data', (text: string) => {
    // Lines of progress may come before the last one.
    const parts = (line + text).split('\n').slice(-2);
    line = parts.join('\n');
  });
  child.on('error', (error) => {
    problem ??= asError(error);
  });
  const status = await new Promise<string>((resolve) => {
    child.on('close', (code, killer) => resolve(killer ?? String(code)));
  });
  if (signal?.aborted) throw cancelled(signal);
  const failure = failureOf(line.trim());
  if (failure) throw failure;
  if (problem) throw problem;
  if (status === '0' && line !== '') return line.trim();
  const what = `${basename(child.spawnfile)} ended with ${status} and without a result`;
  throw new LikerError('INTERNAL', `Cannot use the files: ${what}${words && `: ${words.trim()}`}`);
}
