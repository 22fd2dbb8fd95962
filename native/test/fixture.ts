import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { encodeLaunch } from '../../daemon/kernel/plan/encode.ts';
import {
  cloneFlag,
  type LaunchSettings,
  type ShimSettings,
  type Step,
} from '../../daemon/kernel/plan/steps.ts';
import {
  closeFd,
  loadShim,
  pidfdReap,
  pidfdSignal,
  type SpawnedShim,
  spawnShim,
} from '../../daemon/native/libliker.ts';
import { Peer } from './peer.ts';
import { type ContainerOptions, containerSteps, programSteps, settings } from './plans.ts';

const native = join(import.meta.dirname, '..');
const applets = [
  'sh',
  'cat',
  'echo',
  'true',
  'false',
  'sleep',
  'tty',
  'stty',
  'grep',
  'head',
  'wc',
  'ls',
  'id',
];
const more = [
  'mkdir',
  'kill',
  'ps',
  'test',
  'hostname',
  'seq',
  'dd',
  'yes',
  'pwd',
  'env',
  'stat',
  'readlink',
  'tr',
  'printf',
  'ping',
];

/** LIKER_SHIM names another binary: the sanitized one. */
const binary = process.env['LIKER_SHIM'] ?? join(native, 'build/liker-shim');

export const execNamespaces =
  cloneFlag.mount | cloneFlag.uts | cloneFlag.ipc | cloneFlag.pid | cloneFlag.network | cloneFlag.cgroup;

/** A shim under test. Its disposal ends it and its container. */
export class TestShim implements AsyncDisposable {
  readonly pid: number;
  readonly peer: Peer;
  readonly runDir: string;
  readonly #pidfd: number;
  readonly #reaped: Promise<void>;
  readonly #forget: () => void;
  #main = 0;

  constructor(spawned: SpawnedShim, runDir: string, open: Set<TestShim>) {
    open.add(this);
    this.#forget = () => open.delete(this);
    this.pid = spawned.pid;
    this.#pidfd = spawned.pidfd;
    this.#reaped = pidfdReap(spawned.pidfd);
    this.peer = new Peer(new Socket({ fd: spawned.socketFd }));
    this.runDir = runDir;
  }

  get socketPath(): string {
    return join(this.runDir, 'shim.sock');
  }

  async started(): Promise<number> {
    this.#main = await this.peer.started();
    return this.#main;
  }

  /** Resolves when the shim has exited by itself. */
  async ended(): Promise<void> {
    await this.#reaped;
  }

  kill(): void {
    for (const pid of childrenOf(this.pid)) tryKill(pid);
    pidfdSignal(this.#pidfd, 9);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#reaped;
    this.#forget();
    closeFd(this.#pidfd);
    this.peer.socket.destroy();
    await this.peer.closed;
  }
}

/** Field 22 of /proc/PID/stat: with the pid, it names a process for good. */
export function startTime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 9);
  } catch {
    // It has already ended.
  }
}

/** A root of busybox, and folders for shims. */
export class Fixture implements Disposable {
  readonly folder = mkdtempSync('/tmp/liker-native-');
  readonly rootfs = join(this.folder, 'rootfs');
  readonly at = join(this.folder, 'root');
  readonly #shimFd: number;
  readonly #open = new Set<TestShim>();
  #count = 0;

  constructor() {
    for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc'])
      mkdirSync(join(this.rootfs, name), { recursive: true });
    mkdirSync(this.at);
    execFileSync('cp', ['/bin/busybox', join(this.rootfs, 'bin/busybox')]);
    for (const name of [...applets, ...more]) symlinkSync('busybox', join(this.rootfs, 'bin', name));
    if (!existsSync(binary)) execFileSync('make', ['-s', '-C', native]);
    this.#shimFd = loadShim(binary);
  }

  [Symbol.dispose](): void {
    // Shims of tests that hang: this process would wait for them before it exits.
    for (const shim of this.#open) shim.kill();
    closeFd(this.#shimFd);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes new run and log folders. Returns the settings that name them. */
  shimSettings(changes: Partial<ShimSettings> = {}): ShimSettings {
    const run = join(this.folder, `run-${++this.#count}`);
    const log = join(this.folder, `log-${this.#count}`);
    mkdirSync(run);
    mkdirSync(log);
    return {
      containerId: `box${this.#count}`,
      runDir: run,
      logDir: log,
      logSegmentBytes: 0,
      logSegments: 5,
      ringBytes: 65536,
      oomFile: '',
      network: [],
      ...changes,
    };
  }

  /** A new folder with what an overlay needs. */
  newLayer(): string {
    const layer = mkdtempSync(join(this.folder, 'layer-'));
    for (const name of ['upper', 'work']) mkdirSync(join(layer, name));
    return layer;
  }

  spawn(
    steps: readonly Step[],
    launch: Partial<LaunchSettings> = {},
    shim: Partial<ShimSettings> = {},
  ): Promise<TestShim> {
    const own = this.shimSettings(shim);
    return this.spawnPlan(encodeLaunch({ settings: settings(launch), steps }, own), own.runDir);
  }

  async spawnPlan(plan: Buffer, runDir: string): Promise<TestShim> {
    return new TestShim(await spawnShim(this.#shimFd, plan), runDir, this.#open);
  }

  container(options: Partial<ContainerOptions>): ContainerOptions {
    return { at: this.at, source: this.rootfs, args: ['/bin/true'], ...options };
  }

  /** A usual container that runs a shell script. */
  run(
    script: string,
    options: Partial<ContainerOptions> = {},
    launch: Partial<LaunchSettings> = {},
    shim: Partial<ShimSettings> = {},
  ): Promise<TestShim> {
    const steps = containerSteps(this.container({ args: ['/bin/sh', '-c', script], ...options }));
    return this.spawn(steps, { tty: options.tty ?? false, ...launch }, shim);
  }

  /** The plan of an exec of a shell script in the container. */
  execPlan(
    script: string,
    options: Partial<ContainerOptions> = {},
    launch: Partial<LaunchSettings> = {},
    leading: readonly Step[] = [],
  ): Buffer {
    const tty = options.tty ?? false;
    const terminal: Step[] = tty ? [{ step: 'terminal', console: false, uid: 0, gid: 5 }] : [];
    const program = programSteps(this.container({ args: ['/bin/sh', '-c', script], ...options }));
    const own = settings({ cloneFlags: 0, joinMain: execNamespaces, tty, ...launch });
    return encodeLaunch({ settings: own, steps: [...leading, ...terminal, ...program] });
  }
}
