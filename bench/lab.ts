import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
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

export const repository = join(import.meta.dirname, '..');

/** On the disk, as the daemon's own folders are: a tmpfs would flatter. */
const parentFolder = '/var/lib';
const readyFd = 3;

/** A likerd of its own with a root file system; nothing of it is left after disposal. */
export class Lab implements AsyncDisposable {
  readonly home = mkdtempSync(join(parentFolder, 'liker-bench-'));
  readonly socket = join(this.home, 'run/liker.sock');
  /** busybox, with the files of /etc that every image has. */
  readonly rootfs = join(this.home, 'rootfs');
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #client: LikerClient | undefined;
  #bashRootfs: string | undefined;

  private constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** Starts a daemon: as it is installed or, with arguments for its Node.js, from its sources. */
  static async open(nodeArgs: readonly string[] = []): Promise<Lab> {
    const sources = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...nodeArgs,
      join(repository, 'daemon/main.ts'),
    ];
    const lab = new Lab(nodeArgs.length === 0 ? [join(repository, 'bin/likerd')] : sources);
    try {
      buildRootfs(lab.rootfs);
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

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, LIKER_HOST: `unix://${this.socket}` };
  }

  /** A root file system with bash, built by likerctl. */
  get bashRootfs(): string {
    if (this.#bashRootfs === undefined) {
      this.#bashRootfs = join(this.home, 'bash');
      const likerctl = join(repository, 'bin/likerctl');
      execFileSync(likerctl, ['rootfs', 'build', this.#bashRootfs], { stdio: 'ignore' });
    }
    return this.#bashRootfs;
  }

  /** Resident memory of the daemon in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  async #start(): Promise<void> {
    const log = openSync(join(this.home, 'likerd.log'), 'a');
    const folders = ['--root', join(this.home, 'root'), '--run', join(this.home, 'run')];
    const [program = '', ...args] = this.#command;
    const child = spawn(program, [...args, ...folders, '--ready-fd', String(readyFd)], {
      cwd: '/',
      stdio: ['ignore', log, log, 'pipe'],
    });
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

function buildRootfs(folder: string): void {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined)
    throw new Error('Cannot measure without busybox: run apt-get install busybox-static');
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  const programs = ['sh', 'true', 'cat', 'dd', 'echo', 'head', 'sleep', 'stty', 'yes'];
  for (const name of programs) symlinkSync('busybox', join(folder, 'bin', name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\n');
  for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(folder, 'etc', name), '');
}
