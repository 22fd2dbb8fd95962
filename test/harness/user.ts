// An ordinary user of the machine for tests of likerd without root.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, type DaemonOptions, repository, startDaemon } from './daemon.ts';
import { isAlive, pids, readProc } from './proc.ts';
import { until } from './until.ts';

const path = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** Ids of one kind that the user may map, as in /etc/subuid. */
export interface SubordinateIds {
  readonly start: number;
  readonly count: number;
}

/** A user with a home, a runtime folder and subordinate ids. `remove` ends all his processes and leaves nothing of him. */
export class User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Below it: a short path, since sockets are in it. */
  readonly home: string;
  /** XDG_RUNTIME_DIR. */
  readonly runtime: string;
  readonly subuids: SubordinateIds;
  readonly subgids: SubordinateIds;
  /** The checkout, where the user can read it. */
  readonly checkout: string;
  readonly #mounted: string | null;
  #cgroup: string | null = null;

  private constructor(name: string) {
    this.name = name;
    this.home = realpathSync(mkdtempSync(join(tmpdir(), 'lku-')));
    try {
      command('useradd', ['--no-create-home', '--home-dir', this.home, '--shell', '/bin/bash', name]);
      [this.uid, this.gid] = idsOf(name);
      this.runtime = join(this.home, 'xdg');
      mkdirSync(this.runtime, { mode: 0o700 });
      for (const folder of [this.home, this.runtime]) chownSync(folder, this.uid, this.gid);
      chmodSync(this.home, 0o755);
      for (const [file, option] of [
        ['/etc/subuid', '--add-subuids'],
        ['/etc/subgid', '--add-subgids'],
      ] as const)
        if (rangeIn(file, name) === null) command('usermod', [option, freeRange(file), name]);
      this.subuids = rangeOf('/etc/subuid', name);
      this.subgids = rangeOf('/etc/subgid', name);
      this.#mounted = this.#canRead(repository) ? null : bindCheckout();
      this.checkout = this.#mounted ?? repository;
    } catch (error) {
      removeUser(name);
      rmSync(this.home, { recursive: true, force: true });
      throw error;
    }
  }

  static async add(): Promise<User> {
    const name = `lkt${process.pid}${Math.random().toString(36).slice(2, 6)}`;
    // Other tests may hold the lock on /etc/passwd.
    return until('a user to be added', () => new User(name), { deadlineMs: 30_000, everyMs: 200 });
  }

  /** The ids on the host of a user and a group in a container whose root is the user. */
  outside(uid: number, gid: number): [uid: number, gid: number] {
    return [
      uid === 0 ? this.uid : this.subuids.start + uid - 1,
      gid === 0 ? this.gid : this.subgids.start + gid - 1,
    ];
  }

  /** A command that executes what follows it as the user, with an environment of his own. */
  command(env: NodeJS.ProcessEnv = {}): string[] {
    const given = { HOME: this.home, USER: this.name, XDG_RUNTIME_DIR: this.runtime, PATH: path, ...env };
    const variables = Object.entries(given).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${value}`],
    );
    return [...this.#asUser, 'env', '-i', '-C', '/', ...variables];
  }

  get #asUser(): string[] {
    return ['setpriv', `--reuid=${this.uid}`, `--regid=${this.gid}`, '--init-groups'];
  }

  /** Runs a program as the user; what it prints. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const [file = '', ...prefix] = this.command(env);
    return execFileSync(file, [...prefix, program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** The user's likerd, with its own folders below his home. `within` and `asRoot` are commands of root that execute all that. */
  async startDaemon({
    asRoot = [],
    env = {},
    delegated = false,
    ...options
  }: DaemonOptions & {
    readonly asRoot?: readonly string[];
    /** It starts in a cgroup that belongs to the user, as a unit with Delegate=yes does. */
    readonly delegated?: boolean;
  } = {}): Promise<Daemon> {
    const home = mkdtempSync(join(this.home, 'd-'));
    for (const folder of [home, join(home, 'root'), join(home, 'run')]) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, this.uid, this.gid);
    }
    const inCgroup = delegated ? this.#delegate() : [];
    const within = [...inCgroup, ...asRoot, ...(options.within ?? []), ...this.command(env)];
    return startDaemon({ checkout: this.checkout, ...options, home, within, client: this.#client(home) });
  }

  /** A command that executes what follows it in a cgroup of the user, with all controllers that v2 has here. */
  #delegate(): string[] {
    const top = v2MountPoint();
    const folder = join(top, this.name);
    for (const controller of readFileSync(join(top, 'cgroup.controllers'), 'utf8').trim().split(/\s+/))
      quietly(() => writeFileSync(join(top, 'cgroup.subtree_control'), `+${controller}`));
    mkdirSync(folder);
    this.#cgroup = folder;
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
      chownSync(join(folder, file), this.uid, this.gid);
    // Where it was started before, and is now in a leaf, no other process may be beside it.
    return ['sh', '-c', `echo 0 2>/dev/null >${folder}/cgroup.procs; exec "$@"`, 'sh'];
  }

  /** A program that is likerctl, as the user executes it, with the caller's environment. */
  #client(folder: string): string {
    const file = join(folder, 'likerctl');
    const variables = [`HOME=${this.home}`, `USER=${this.name}`, `XDG_RUNTIME_DIR=${this.runtime}`];
    const words = [...this.#asUser, 'env', ...variables, join(this.checkout, 'bin/likerctl')];
    writeFileSync(file, `#!/bin/sh\nexec ${words.map(shellWord).join(' ')} "$@"\n`, { mode: 0o755 });
    return file;
  }

  #canRead(folder: string): boolean {
    try {
      this.run('test', ['-r', join(folder, 'bin/likerd')]);
      return true;
    } catch {
      return false;
    }
  }

  /** Processes of the user and of his subordinate ids. */
  processes(): number[] {
    return pids().filter((pid) => {
      const [, , effective = '-1'] = /^Uid:\s+(\d+)\s+(\d+)/m.exec(readProc(pid, 'status')) ?? [];
      const uid = Number(effective);
      const { start, count } = this.subuids;
      return isAlive(pid) && (uid === this.uid || (uid >= start && uid < start + count));
    });
  }

  async remove(): Promise<void> {
    await until(
      `the end of all processes of ${this.name}`,
      () => {
        const left = this.processes();
        for (const pid of left) quietly(() => process.kill(pid, 'SIGKILL'));
        return left.length === 0;
      },
      { deadlineMs: 10_000 },
    ).catch((error: unknown) => console.error(String(error)));
    if (this.#cgroup !== null) removeCgroup(this.#cgroup);
    if (this.#mounted !== null) {
      // Never recursively: the checkout would go with it if it is still mounted.
      quietly(() => command('umount', ['-l', this.#mounted ?? '']));
      quietly(() => rmdirSync(this.#mounted ?? ''));
    }
    await until('the user to be removed', () => removeUser(this.name), { deadlineMs: 30_000, everyMs: 200 });
    rmSync(this.home, { recursive: true, force: true });
  }
}

function command(file: string, args: readonly string[]): void {
  execFileSync(file, args, { stdio: 'pipe' });
}

/** True once there is none. Its group goes with it, and its subordinate ids. */
function removeUser(name: string): boolean {
  quietly(() => command('userdel', ['--force', name]));
  return !hasUser(name);
}

function hasUser(name: string): boolean {
  return readFileSync('/etc/passwd', 'utf8').includes(`\n${name}:`);
}

function idsOf(name: string): [uid: number, gid: number] {
  const ids = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, name], { encoding: 'utf8' })));
  return [ids[0] ?? 0, ids[1] ?? 0];
}

function rangeIn(file: string, name: string): SubordinateIds | null {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, start, count] = line?.split(':').map(Number) ?? [];
  return start === undefined || count === undefined ? null : { start, count };
}

function rangeOf(file: string, name: string): SubordinateIds {
  const range = rangeIn(file, name);
  if (range === null) throw new Error(`${name} has no ids in ${file}`);
  return range;
}

function freeRange(file: string): string {
  const ends = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':').slice(1).map(Number))
    .map(([start = 0, count = 0]) => start + count);
  const start = Math.max(100_000, ...ends);
  return `${start}-${start + 65_535}`;
}

/** The repository is in a folder that only root may enter: shows it elsewhere. */
function bindCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lkc-'));
  chmodSync(folder, 0o755);
  command('mount', ['--bind', repository, folder]);
  return folder;
}

function v2MountPoint(): string {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((entry) => entry.includes(' - cgroup2 '));
  const path = line?.split(' ')[4];
  if (path === undefined) throw new Error('cgroup v2 is not mounted');
  return path;
}

function removeCgroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name));
  quietly(() => rmdirSync(folder));
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Gone already; the leak check reports what stays.
  }
}
