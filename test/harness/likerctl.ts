import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { inProcess, likerctlHere } from './in-process.ts';
import type { Host, Outcome } from './outcome.ts';
import { hangMs, within } from './until.ts';

export interface LikerctlOptions {
  /** Written to stdin, which is then closed; 'open' keeps it open and empty. Default: closed at once. */
  readonly stdin?: string | Buffer | 'open';
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly hangMs?: number;
}

export const program = join(import.meta.dirname, '../../bin/likerctl');

/** The environment of a likerctl, without the tester's own settings. */
export function environment({ socket }: Host, env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const {
    LIKER_ROOT: _root,
    LIKER_RUN: _run,
    LIKER_DETACH_KEYS: _keys,
    NODE_COMPILE_CACHE: _cache,
    NO_COLOR: _color,
    ...own
  } = process.env;
  return { ...own, LIKER_HOST: `unix://${socket}`, ...env };
}

/** A running likerctl without a terminal. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly outcome: Promise<Outcome>;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #what: string;

  constructor(host: Host, args: readonly string[], options: LikerctlOptions) {
    this.#what = `likerctl ${args.join(' ')}`;
    this.child = spawn(host.client ?? program, args, {
      env: environment(host, options.env),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    this.child.stdin.on('error', () => {});
    if (options.stdin !== 'open') this.child.stdin.end(options.stdin ?? '');
    this.child.stdout.on('data', (chunk: Buffer) => this.#take(this.#stdout, chunk));
    this.child.stderr.on('data', (chunk: Buffer) => this.#take(this.#stderr, chunk));
    const end = new Promise<Outcome>((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        const bytes = Buffer.concat(this.#stdout);
        resolve({
          code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'],
          stdout: bytes.toString(),
          stderr: this.stderr,
          bytes,
        });
        this.#tell();
      });
    });
    this.outcome = within(this.#what, end, {
      deadlineMs: options.hangMs ?? hangMs,
      state: () => this.#state(),
    }).finally(() => {
      if (this.child.exitCode === null) this.child.kill('SIGKILL');
    });
    this.outcome.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves when stdout and stderr together match. */
  async waitFor(pattern: RegExp | string): Promise<void> {
    const matches = (): boolean => {
      const text = `${this.stdout}${this.stderr}`;
      return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    };
    const seen = new Promise<void>((resolve, reject) => {
      const watcher = (): void => {
        if (matches()) resolve();
        else if (this.child.exitCode !== null) reject(new Error(`Ended before ${pattern}\n${this.#state()}`));
        else return;
        this.#watchers.delete(watcher);
      };
      this.#watchers.add(watcher);
      watcher();
    });
    await within(`${this.#what}: ${pattern}`, seen, { state: () => this.#state() });
  }

  write(data: string | Buffer): void {
    this.child.stdin.write(data);
  }

  closeStdin(): void {
    this.child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #take(chunks: Buffer[], chunk: Buffer): void {
    chunks.push(chunk);
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #state(): string {
    return `exit: ${this.child.exitCode}\nstdout: ${this.stdout.slice(-2000)}\nstderr: ${this.stderr.slice(-2000)}`;
  }
}

export function startLikerctl(host: Host, args: readonly string[], options: LikerctlOptions = {}): Running {
  return new Running(host, args, options);
}

/** Runs likerctl to its end. */
export function likerctl(
  host: Host,
  args: readonly string[],
  options: LikerctlOptions = {},
): Promise<Outcome> {
  if (inProcess && Object.keys(options).length === 0)
    return within(`likerctl ${args.join(' ')}`, likerctlHere(host, args));
  return startLikerctl(host, args, options).outcome;
}

/** Like likerctl, for commands that must succeed: stdout without the last newline. Otherwise throws with all output. */
export async function ok(
  host: Host,
  args: readonly string[],
  options: LikerctlOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await likerctl(host, args, options);
  if (code !== 0) throw new Error(`likerctl ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}
