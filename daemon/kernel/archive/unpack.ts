import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { outcomeOf, type Watch } from './outcome.ts';
import { reports, type UnpackedLayer } from './report.ts';

const repository = join(import.meta.dirname, '../../..');

/** How a layer marks what it removes: as overlayfs of root has it, or of an ordinary user; or not at all. */
export type Whiteouts = 'trusted' | 'user' | 'none';

export interface UnpackOptions extends Watch {
  /** The archive's file, open for reading. It may still grow: see Unpacking. */
  readonly source: number;
  /** The open, empty folder that gets the files. If the unpacking is ended, it is left half full. */
  readonly target: number;
  /** The empty file, open for reading and writing, that gets the layer's recipe, of which liker-pack makes its archive again; undefined: none is wanted. */
  readonly recipe?: number;
  readonly whiteouts: Whiteouts;
  /** More entries, or more bytes uncompressed, are refused. */
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** As UnpackOptions, of a source that is written to a socket. */
export type StreamOptions = Omit<UnpackOptions, 'source'>;

interface Running {
  /**
   * The layer, which is on the disk once the file system is synced. Rejects with BAD_ARCHIVE, TOO_MANY (no space, or too big),
   * UNPACK_UNAVAILABLE (also for an owner that this user namespace lacks), SYSCALL, or CANCELLED by the signal. In any case the process has ended, and the descriptors are free.
   */
  readonly layer: Promise<UnpackedLayer>;
}

/** A layer that is being unpacked while its bytes come. */
export interface Unpacking extends Running {
  /** So many bytes of the source are there now, from its start. */
  available(bytes: number): void;
  /** The source is complete, with so many bytes. */
  end(bytes: number): void;
}

/** A layer that is being unpacked as its bytes are written. Its end is taken for that of the layer, whoever closes it and why. */
export interface UnpackingStream extends Running {
  /** Takes the archive's bytes. A program that writes them can have its descriptor as stdout; then destroy it. */
  readonly input: Socket;
}

/** Starts liker-unpack, which reads archives in a process of its own, with no more rights than to write below the target. */
export class Unpacker {
  readonly #program: string;

  constructor(
    program: string = process.env['LIKER_UNPACK'] ?? join(repository, 'native/build/liker-unpack'),
  ) {
    this.#program = program;
  }

  /** The descriptors are the caller's, and may be closed once the layer is there or has failed. */
  start(options: UnpackOptions): Unpacking {
    const child = this.#spawn(options.source, options);
    const { stdin } = child;
    return {
      available: (bytes) => void stdin.write(`bytes ${bytes}\n`),
      end: (bytes) => void stdin.end(`end ${bytes}\n`),
      layer: layerOf(child, options),
    };
  }

  /** The target is the caller's, as in `start`. */
  startStream(options: StreamOptions): UnpackingStream {
    const child = this.#spawn('pipe', options);
    const input = child.stdio[3] as Socket;
    input.on('error', () => {});
    return { input, layer: layerOf(child, options) };
  }

  #spawn(source: number | 'pipe', options: StreamOptions): ChildOfUnpack {
    const { target, recipe, whiteouts, maxEntries, maxBytes } = options;
    const limits = ['--max-entries', String(maxEntries), '--max-bytes', String(maxBytes)];
    const withRecipe = recipe === undefined ? [] : ['--recipe'];
    const child = spawn(this.#program, ['--whiteouts', whiteouts, ...limits, ...withRecipe], {
      stdio: ['pipe', 'pipe', 'pipe', source, target, ...(recipe === undefined ? [] : [recipe])],
      env: {},
      killSignal: 'SIGKILL',
      ...(options.signal && { signal: options.signal }),
    }) as ChildOfUnpack;
    // Whoever ends early says why in its report.
    child.stdin.on('error', () => {});
    return child;
  }
}

type ChildOfUnpack = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

function layerOf(child: ChildOfUnpack, options: StreamOptions): Promise<UnpackedLayer> {
  return outcomeOf(
    child,
    {
      step: 'unpack',
      what: 'The unpacking of a layer',
      report: child.stdout,
      parse: reports.unpack,
      damaged: 'BAD_ARCHIVE',
    },
    options,
  ).finally(() => child.stdin.destroy());
}
