import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { asError, LikerError, type Reason } from '../../../common/errors.ts';
import { type PackedArchive, type PackFailure, type PackProgress, parseReport } from './report.ts';

const repository = join(import.meta.dirname, '../../..');

export type Compression = 'none' | 'gzip' | 'zstd';

export interface PackOptions {
  readonly compression: Compression;
  /** Where the archive goes: an open descriptor, or a socket, which can be destroyed then; null: to `bytes` of the result. */
  readonly output: number | Socket | null;
  /** At most ten times a second. */
  readonly onProgress?: (progress: PackProgress) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export interface RecipeOptions extends PackOptions {
  /** Of the layer: its recipe and its folder, open for reading. */
  readonly recipe: number;
  readonly folder: number;
}

export interface DiffOptions extends PackOptions {
  /** The upper folder of an overlay, open for reading. */
  readonly upper: number;
  /** Where overlayfs marks its folders: as root has it, or an ordinary user. */
  readonly whiteouts: 'trusted' | 'user';
}

/** An archive that is being written. */
export interface Packing {
  /** The archive, if no descriptor was given. It has to be read, or destroyed; it ends early if the packing fails: see `archive`. */
  readonly bytes: Readable | null;
  /**
   * Resolves when the archive is complete. Rejects with LAYER_DAMAGED (the recipe or the files are not what they were), TOO_MANY (no space),
   * UNPACK_UNAVAILABLE, SYSCALL, or CANCELLED by the signal. In any case the process has ended, and the descriptors are free.
   */
  readonly archive: Promise<PackedArchive>;
}

const failures: Readonly<Record<PackFailure['error'], Reason>> = {
  BAD_ARCHIVE: 'LAYER_DAMAGED',
  NO_SPACE: 'TOO_MANY',
  TOO_BIG: 'TOO_MANY',
  UNSUPPORTED: 'UNPACK_UNAVAILABLE',
  WRITE_FAILED: 'SYSCALL',
};

function asLikerError({ error, path, errno, message }: PackFailure): LikerError {
  const metadata = { path, ...(errno && { errno }) };
  if (error !== 'WRITE_FAILED') return new LikerError(failures[error], message, { metadata });
  return new LikerError('SYSCALL', message, {
    metadata,
    syscall: { step: 'pack', syscall: '', errno, object: path },
  });
}

/** Starts liker-pack, which reads files of strangers in a process of its own, with no more rights than to read below one folder. */
export class Packer {
  readonly #program: string;

  constructor(program: string = process.env['LIKER_PACK'] ?? join(repository, 'native/build/liker-pack')) {
    this.#program = program;
  }

  /** The archive of a layer again, the same bytes when uncompressed: compare the diff id. Descriptors stay the caller's. */
  recipe({ recipe, folder, ...options }: RecipeOptions): Packing {
    return this.#start('recipe', { recipe, folder }, options);
  }

  /**
   * The changes of a container as a layer: what it removed as whiteouts, and sockets left out. The same tree gives the same archive. Also
   * rejects with UNPACK_UNAVAILABLE for what a layer cannot have.
   */
  diff({ upper, whiteouts, ...options }: DiffOptions): Packing {
    return this.#start('diff', { recipe: 'ignore', folder: upper }, options, '--whiteouts', whiteouts);
  }

  #start(
    command: string,
    { recipe, folder }: { readonly recipe: number | 'ignore'; readonly folder: number },
    options: PackOptions,
    ...flags: readonly string[]
  ): Packing {
    const { compression, output, signal } = options;
    const child = spawn(this.#program, [command, '--compression', compression, ...flags], {
      stdio: ['ignore', output ?? 'pipe', 'pipe', recipe, folder, 'pipe'],
      env: {},
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    });
    return { bytes: output === null ? child.stdout : null, archive: result(child, options) };
  }
}

async function result(child: ChildProcess, options: PackOptions): Promise<PackedArchive> {
  let problem: Error | undefined;
  let archive: PackedArchive | undefined;
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4096);
  });
  const report = child.stdio.at(5) as Readable;
  createInterface(report).on('line', (line) => {
    try {
      const said = parseReport(line);
      if (said.kind === 'progress') options.onProgress?.(said.progress);
      else if (said.kind === 'failed') problem ??= asLikerError(said.failure);
      else archive = said.archive;
    } catch (error) {
      problem ??= asError(error);
    }
  });
  child.on('error', (error) => {
    problem ??= error;
  });
  const { status, signal } = await ended(child);
  if (options.signal?.aborted) throw new LikerError('CANCELLED', 'The writing of an archive was cancelled');
  if (problem) throw problem;
  if (archive && status === 0) return archive;
  const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
  throw new LikerError('INTERNAL', `liker-pack ${how} without a result${words && `: ${words.trim()}`}`);
}

/** An error before the start is followed by this event too. It comes when `bytes` has been read or destroyed. */
function ended(child: ChildProcess): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
}
