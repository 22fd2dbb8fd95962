import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { outcomeOf, type Watch } from './outcome.ts';
import { type PackedArchive, type Report, reports, type WrittenArchive } from './report.ts';

const repository = join(import.meta.dirname, '../../..');

export type Compression = 'none' | 'gzip' | 'zstd';

/** Where an archive goes. */
interface Output extends Watch {
  /** An open descriptor, or a socket, which can be destroyed then. */
  readonly output: number | Socket;
}

export interface PackOptions extends Output {
  readonly compression: Compression;
}

export interface RecipeOptions extends PackOptions {
  /** Of the layer: its recipe and its folder, open for reading. */
  readonly recipe: number;
  readonly folder: number;
}

export interface DiffOptions extends Output {
  /** The upper folder of an overlay, open for reading. */
  readonly upper: number;
  /** Where overlayfs marks its folders: as root has it, or an ordinary user. */
  readonly whiteouts: 'trusted' | 'user';
}

/**
 * Starts liker-pack, which reads files of strangers in a process of its own, with no more rights than to read below one folder. Its methods
 * resolve when the archive is complete. They reject with LAYER_DAMAGED (the recipe or the files are not what they were), TOO_MANY (no
 * space), UNPACK_UNAVAILABLE, SYSCALL, or CANCELLED by the signal. In any case the process has ended, and the descriptors are free.
 */
export class Packer {
  readonly #program: string;

  constructor(program: string = process.env['LIKER_PACK'] ?? join(repository, 'native/build/liker-pack')) {
    this.#program = program;
  }

  /** The archive of a layer again, the same bytes when uncompressed: compare the diff id. Descriptors stay the caller's. */
  recipe({ recipe, folder, compression, ...output }: RecipeOptions): Promise<PackedArchive> {
    return this.#run(['recipe', '--compression', compression], { recipe, folder }, output, reports.pack);
  }

  /**
   * The changes of a container as a layer: what it removed as whiteouts, and sockets left out. The same tree gives the same archive. Also
   * rejects with UNPACK_UNAVAILABLE for what a layer cannot have.
   */
  diff({ upper, whiteouts, ...output }: DiffOptions): Promise<WrittenArchive> {
    const files = { recipe: 'ignore', folder: upper } as const;
    return this.#run(['diff', '--whiteouts', whiteouts], files, output, reports.diff);
  }

  #run<Outcome>(
    args: readonly string[],
    { recipe, folder }: { readonly recipe: number | 'ignore'; readonly folder: number },
    { output, ...watch }: Output,
    parse: (line: string) => Report<Outcome>,
  ): Promise<Outcome> {
    const child = spawn(this.#program, args, {
      stdio: ['ignore', output, 'pipe', recipe, folder, 'pipe'],
      env: {},
      killSignal: 'SIGKILL',
      ...(watch.signal && { signal: watch.signal }),
    });
    return outcomeOf(
      child,
      {
        step: 'pack',
        what: 'The writing of an archive',
        report: child.stdio.at(5) as Readable,
        parse,
        damaged: 'LAYER_DAMAGED',
      },
      watch,
    );
  }
}
