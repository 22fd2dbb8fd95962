import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as nodePty from 'node-pty';

const main = join(import.meta.dirname, '../main.ts');

/** A program, and its first arguments. */
export type Program = readonly [file: string, ...args: string[]];

const fromSource: Program =
  process.env['LIKER_TEST_CLIENT'] === 'built'
    ? [join(import.meta.dirname, '../../native/build/likerctl')]
    : [process.execPath, '--no-warnings', main];

/** How a run of likerctl ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** likerctl with pipes. */
export class PipedLikerctl {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Pick<Outcome, 'code' | 'signal'>>;
  stdout = '';
  stderr = '';

  /** With `collect` false nobody reads its stdout. */
  constructor(
    socketPath: string,
    args: readonly string[],
    {
      env = {},
      collect = true,
      program: [file, ...first] = fromSource,
    }: {
      readonly env?: Readonly<Record<string, string>>;
      readonly collect?: boolean;
      readonly program?: Program | undefined;
    } = {},
  ) {
    this.child = spawn(file, [...first, ...args], {
      env: { ...process.env, LIKER_HOST: `unix://${socketPath}`, ...env },
    });
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8');
    if (collect) this.child.stdout.on('data', (data: string) => this.#collect('stdout', data));
    this.child.stderr.on('data', (data: Buffer) => this.#collect('stderr', data.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  async outcome(): Promise<Outcome> {
    const end = await this.ended;
    return { ...end, stdout: this.stdout, stderr: this.stderr };
  }

  /** Resolves once the stream contains `expected`. */
  async sees(expected: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    while (!this[stream].includes(expected)) await once(this.child[stream], 'data');
  }

  #collect(stream: 'stdout' | 'stderr', data: string): void {
    this[stream] += data;
  }
}

/** Runs likerctl to its end, with an empty stdin. */
export function likerctl(socketPath: string, ...args: string[]): Promise<Outcome> {
  const running = new PipedLikerctl(socketPath, args);
  running.child.stdin.end();
  return running.outcome();
}

/** likerctl on a real terminal. */
export class TerminalLikerctl {
  readonly pty: nodePty.IPty;
  readonly ended: Promise<number>;
  output = '';
  readonly #watchers = new Set<() => void>();

  constructor(
    socketPath: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    [file, ...first]: Program = fromSource,
  ) {
    this.pty = nodePty.spawn(file, [...first, ...args], {
      cols: 100,
      rows: 30,
      env: { ...process.env, LIKER_HOST: `unix://${socketPath}`, ...env },
    });
    this.pty.onData((data) => {
      this.output += data;
      for (const watch of this.#watchers) watch();
    });
    this.ended = new Promise((resolve) => {
      this.pty.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode));
    });
  }

  /** Closes the terminal, as its window does. */
  close(): void {
    // Not in the types of an IPty, which is closed with its program only.
    (this.pty as nodePty.IPty & { destroy(): void }).destroy();
  }

  /** Resolves once the output contains `expected`. */
  async sees(expected: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = (): void => {
      if (this.output.includes(expected)) resolve();
    };
    this.#watchers.add(watch);
    watch();
    await promise;
    this.#watchers.delete(watch);
  }
}
