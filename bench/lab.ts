import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { LikerClient } from './client.ts';
import { residentBytes } from './memory.ts';

export const repository = join(import.meta.dirname, '..');

/** On the disk, like the daemon's default folders: a tmpfs would be too fast. */
const parentFolder = '/var/lib';
const readyFd = 3;

export interface LabOptions {
  /** Arguments for Node.js: likerd then runs from its sources, not as it is installed. */
  readonly nodeArgs?: readonly string[];
  /** likerd's own arguments, by its home. */
  readonly args?: (home: string) => readonly string[];
  /** Default: this one. */
  readonly checkout?: string;
  /** An empty folder, in which everything is. Default: a new one. */
  readonly home?: string;
  /** A command that executes another one in a network namespace. Default: none, for that of the benchmark. */
  readonly within?: readonly string[];
  /** Programs of this machine that the root file system has as well. */
  readonly programs?: readonly string[];
}

/** A likerd with a root file system; disposal removes everything. */
export class Lab implements AsyncDisposable {
  readonly home: string;
  readonly socket: string;
  /** bash and busybox, with the /etc files of every image. */
  readonly rootfs: string;
  /** The built checkout that is measured. */
  readonly checkout: string;
  readonly #command: readonly string[];
  readonly #args: (home: string) => readonly string[];
  #child: ChildProcess | undefined;
  #client: LikerClient | undefined;

  private constructor({
    nodeArgs = [],
    args = () => [],
    checkout = repository,
    home,
    within = [],
  }: LabOptions) {
    this.home = home ?? mkdtempSync(join(parentFolder, 'liker-bench-'));
    this.socket = join(this.home, 'run/liker.sock');
    this.rootfs = join(this.home, 'rootfs');
    this.checkout = checkout;
    const bundle = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...nodeArgs,
      join(checkout, 'dist/likerd.mjs'),
    ];
    this.#command = [...within, ...(nodeArgs.length === 0 ? [join(checkout, 'bin/likerd')] : bundle)];
    this.#args = args;
  }

  /** Starts a daemon. */
  static async open(options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    try {
      buildRootfs(lab.rootfs, options.programs ?? []);
      await lab.#start();
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get client(): LikerClient {
    this.#client ??= new LikerClient(this.socket);
    return this.#client;
  }

  /** As a package starts it, without the shell of bin/likerctl; an older checkout has only that. */
  get likerctl(): string {
    const native = join(this.checkout, 'native/build/likerctl');
    return existsSync(native) ? native : join(this.checkout, 'bin/likerctl');
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, LIKER_HOST: `unix://${this.socket}` };
  }

  /** Resident memory of the daemon. */
  get residentBytes(): number {
    return residentBytes(this.pid);
  }

  async #start(): Promise<void> {
    const log = openSync(join(this.home, 'likerd.log'), 'a');
    const folders = ['--root', join(this.home, 'root'), '--run', join(this.home, 'run')];
    // Containers would change the machine's own network.
    const network = ['--default-network', 'none'];
    const [program = '', ...args] = this.#command;
    const child = spawn(
      program,
      [...args, ...folders, ...network, ...this.#args(this.home), '--ready-fd', String(readyFd)],
      {
        cwd: '/',
        stdio: ['ignore', log, log, 'pipe'],
        detached: true,
      },
    );
    this.#child = child;
    const ready = child.stdio[readyFd] as Readable;
    await Promise.race([
      once(ready, 'data'),
      once(child, 'exit').then(() => {
        throw new Error(`likerd ended:\n${readFileSync(join(this.home, 'likerd.log'), 'utf8')}`);
      }),
    ]);
    ready.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    try {
      if (child?.exitCode === null) {
        await this.client.removeAll();
        this.client.close();
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
    } finally {
      child?.kill('SIGKILL');
      rmSync(this.home, { recursive: true, force: true });
    }
  }
}

/** This machine's bash, copied by likerctl, and a static busybox under the names of the measured programs. */
function buildRootfs(folder: string, programs: readonly string[]): void {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined)
    throw new Error('Cannot measure without busybox: run apt-get install busybox-static');
  const more = programs.flatMap((program) => ['--with', program]);
  execFileSync(join(repository, 'bin/likerctl'), ['rootfs', 'build', folder, ...more], { stdio: 'ignore' });
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  for (const name of ['sh', 'true', 'cat', 'dd', 'echo', 'head', 'sleep', 'stty', 'yes']) {
    const link = join(folder, 'bin', name);
    rmSync(link, { force: true });
    symlinkSync('busybox', link);
  }
  for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(folder, 'etc', name), '');
}
