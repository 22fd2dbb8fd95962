import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { inProcess } from './in-process.ts';
import { type Leftovers, leftovers, reap } from './leaks.ts';
import { likerctl } from './likerctl.ts';
import { until, within } from './until.ts';

export const repository = join(import.meta.dirname, '../..');

export interface DaemonOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command that executes likerd, such as unshare -m. */
  readonly within?: readonly string[];
  /** The built checkout whose likerd runs. Default: this one. */
  readonly checkout?: string;
  /** A module that Node.js loads before likerd. */
  readonly preload?: string;
  /** Folder for everything; created if missing. Default: a new one with a short path. */
  readonly home?: string;
  /** Path of the API's socket. Default: in the run folder. */
  readonly socket?: string;
  /** As Host.client. */
  readonly client?: string;
}

const readyFd = 3;

// Builds first, so that the tests see the current sources even if one file is run by itself; in test/vm the build is done already.
if (!inProcess)
  execFileSync('sh', [join(repository, 'scripts/build')], { stdio: ['ignore', 'ignore', 'inherit'] });

/** A likerd with its own folders and socket. `destroy` leaves nothing behind, whatever happened. */
export class Daemon {
  readonly home: string;
  readonly root: string;
  readonly run: string;
  readonly socket: string;
  readonly client?: string;
  /** Name of its containers' parent group in every hierarchy. */
  readonly cgroup: string;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #gone: Promise<{ code: number | null; signal: NodeJS.Signals | null }> = Promise.resolve({
    code: 0,
    signal: null,
  });

  constructor(options: DaemonOptions) {
    this.#options = options;
    const given = options.home ?? mkdtempSync(join(tmpdir(), 'lk-'));
    this.root = join(given, 'root');
    this.run = join(given, 'run');
    mkdirSync(this.root, { recursive: true });
    mkdirSync(this.run, { recursive: true });
    this.home = realpathSync(given);
    this.socket = options.socket ?? join(this.run, 'liker.sock');
    if (options.client !== undefined) this.client = options.client;
    const digest = createHash('sha256').update(realpathSync(this.root)).digest('hex');
    this.cgroup = `liker-${digest.slice(0, 8)}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Its log since the beginning, across restarts. */
  get log(): string {
    return readFileSync(join(this.home, 'likerd.log'), 'utf8');
  }

  /** Starts a likerd; resolves once it serves. `env`: more variables for it. */
  async start(
    args: readonly string[] = this.#options.args ?? [],
    checkout?: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const log = openSync(join(this.home, 'likerd.log'), 'a');
    const folders = ['--root', this.root, '--run', this.run, '--socket', this.socket];
    const other = checkout ?? this.#options.checkout;
    // Containers would change the machine's own network. Another version may not know the option.
    const isOther = other !== undefined && other !== repository;
    const network = isOther || args.includes('--default-network') ? [] : ['--default-network', 'none'];
    const { within: prefix = [], preload } = this.#options;
    const [program = '', ...options] = [
      ...prefix,
      // Also through a prefix that empties the environment.
      ...['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      ...launcher(preload, other ?? repository),
    ];
    const child = spawn(
      program,
      [...options, ...folders, ...network, '--ready-fd', String(readyFd), '--log-level', 'debug', ...args],
      {
        cwd: '/',
        env: { ...process.env, ...this.#options.env },
        stdio: ['ignore', log, log, 'pipe'],
        detached: true,
      },
    );
    this.#child = child;
    this.#gone = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    const ready = child.stdio[readyFd] as Readable;
    const served = new Promise<void>((resolve, reject) => {
      ready.once('data', () => resolve());
      void this.#gone.then(({ code, signal }) =>
        reject(new Error(`likerd ended with ${signal ?? code} before it served:\n${this.log}`)),
      );
    });
    await within('likerd does not serve', served, { state: () => this.log });
    ready.destroy();
  }

  /** Sends a signal, by default SIGTERM; resolves to the daemon's exit status. */
  async stop(
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.isRunning) this.#child?.kill(signal);
    return within(`likerd does not end on ${signal}`, this.#gone, { state: () => this.log.slice(-4000) });
  }

  async kill9(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Ends likerd with SIGTERM and starts a new one. */
  async restart(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<void> {
    await this.stop();
    await this.start(args, undefined, env);
  }

  /** Removes every container, then waits until nothing of them is left; returns what stays nevertheless. */
  async empty(): Promise<Leftovers> {
    const { stdout } = await likerctl(this, ['ps', '-aq', '--no-trunc']);
    const ids = stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await likerctl(this, ['rm', '-f', ...ids]);
    let left = leftovers(this);
    await until(
      'nothing left',
      () => {
        left = leftovers(this);
        return Object.keys(left).length === 0;
      },
      { deadlineMs: 10_000, everyMs: 50 },
    ).catch(() => {});
    return left;
  }

  /** Ends the daemon and everything that it has started: by the API if it still answers, otherwise by force. */
  async destroy(): Promise<void> {
    try {
      if (!this.isRunning) await this.start([]);
      await this.empty();
      await this.stop();
    } finally {
      if (this.isRunning) await this.kill9();
      await reap(this).finally(() => this.forget());
    }
  }

  /** Removes its folder, and the secrets of a run folder on a disk; LIKER_KEEP=1 keeps the folder for a look at the log. */
  forget(): void {
    const hash = createHash('sha256').update(this.run).digest('hex').slice(0, 16);
    rmSync(`/dev/shm/liker-secrets-${hash}`, { recursive: true, force: true });
    if (process.env['LIKER_KEEP'] === undefined) rmSync(this.home, { recursive: true, force: true });
    else console.log(`kept: ${this.home}`);
  }
}

/** bin/likerd intentionally accepts no options for Node.js. */
function launcher(preload: string | undefined, checkout: string): string[] {
  if (preload === undefined) return [join(checkout, 'bin/likerd')];
  const quiet = '--disable-warning=ExperimentalWarning';
  return [process.execPath, quiet, '--import', preload, join(checkout, 'dist/likerd.mjs')];
}

export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = new Daemon(options);
  try {
    await daemon.start();
  } catch (error) {
    await reap(daemon).finally(() => daemon.forget());
    throw error;
  }
  return daemon;
}
