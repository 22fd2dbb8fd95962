import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Connection } from '../../client/connection/connection.ts';
import { containers } from '../../client/connection/methods.ts';
import { wireFrom } from '../../client/connection/wires.ts';
import { inspectRecord } from '../../client/format/inspect.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { ProcessSpecInput } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import { Api } from './api.ts';
import { type Daemon, type DaemonOptions, repository, startDaemon } from './daemon.ts';
import { inProcess } from './in-process.ts';
import { type LikerctlOptions, likerctl, ok, type Running, startLikerctl } from './likerctl.ts';
import type { Outcome } from './outcome.ts';
import { openFiles, readProc, sparesOf } from './proc.ts';
import { buildRootfs } from './rootfs.ts';
import { type TerminalOptions, type TerminalSession, terminal } from './terminal.ts';
import { until, within } from './until.ts';
import { User } from './user.ts';

export interface SuiteOptions extends DaemonOptions {
  /** An ordinary user, whom the suite adds, runs likerd and likerctl. Default: LIKER_TEST_USER is set. */
  readonly ordinaryUser?: boolean;
  /** The ordinary user's likerd starts in a cgroup that is his. */
  readonly delegated?: boolean;
  readonly helpers?: string[];
  /** Called once the daemon serves. */
  readonly onStart?: (daemon: Daemon) => unknown;
  readonly programs?: string[];
  /** Files that the daemon may keep open in these tests, as /proc/PID/fd shows them. */
  readonly mayKeep?: readonly string[];
}

/** Shared by the tests of one file: a daemon and a root file system. */
export interface Suite {
  readonly daemon: Daemon;
  /** The ordinary user who runs it. */
  readonly user: User;
  readonly rootfs: string;
  /** A new folder, by its path below one that goes with the daemon. It belongs to whoever runs likerd. */
  folder(name: string): string;
  /** Gives a path, with all below it, to an id in containers of `--userns host`, by default root's: without root that is whoever runs likerd. */
  give(path: string, uid?: number, gid?: number): void;
  /** What executes a program of the checkout, given by its path in there, as whoever runs likerd. */
  command(program: string): string[];
  likerctl(args: readonly string[], options?: LikerctlOptions): Promise<Outcome>;
  start(args: readonly string[], options?: LikerctlOptions): Running;
  ok(args: readonly string[], options?: LikerctlOptions): Promise<string>;
  /** `run --rm FLAGS ROOTFS COMMAND`. */
  run(flags: readonly string[], command: readonly string[], options?: LikerctlOptions): Promise<Outcome>;
  /** `run --rm FLAGS ROOTFS bash -c SCRIPT`, which must succeed: its output without the last newline. */
  sh(flags: readonly string[], script: string, options?: LikerctlOptions): Promise<string>;
  /** `run -d FLAGS ROOTFS COMMAND`: the whole id. */
  detached(flags: readonly string[], command: readonly string[]): Promise<string>;
  /** `likerctl inspect`, run in this process: a start of Node.js for each call costs more than most tests. */
  inspect(container: string): Promise<Inspected>;
  terminal(args: readonly string[], options?: TerminalOptions): TerminalSession;
  /** One gRPC client for all tests of the file. */
  readonly api: Api;
  /** A spec for the API: a container on the shared root that is removed at its end. */
  spec(args: readonly string[], process?: ProcessSpecInput, more?: ContainerSpecInput): ContainerSpecInput;
}

/** The fields of `inspect` that tests use. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly LogPath: string;
  readonly RestartCount: number;
  readonly HostConfig: {
    readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
  };
  readonly ExecIDs: readonly string[];
  readonly CgroupPaths: Readonly<Record<string, string>>;
  readonly AttachedClients: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly OOMKilled: boolean;
    readonly OOMKills: number;
    readonly Pid: number;
    readonly ShimPid: number;
    readonly ExitCode: number;
    readonly Signal: number;
    readonly Error: string;
    readonly ClientLost: boolean;
  };
  readonly AppliedLimits: readonly { Knob: string; File: string; Effective: string; Problem: string }[];
}

/**
 * A daemon and a root file system for all tests of a file. At the end, no trace of a container may be left on the host,
 * and the daemon may have no more files open than at the beginning.
 */
export function suite(options: SuiteOptions = {}): Suite {
  let daemon: Daemon | undefined;
  let user: User | undefined;
  let rootfs = '';
  let filesBefore: string[] = [];
  let api: Api | undefined;
  const theDaemon = (): Daemon => {
    if (daemon === undefined) throw new Error('The daemon of this file could not be started');
    return daemon;
  };

  before(async () => {
    if (options.ordinaryUser ?? process.env['LIKER_TEST_USER'] !== undefined) user = await User.add();
    daemon = await (user ? user.startDaemon(options) : startDaemon(options));
    await options.onStart?.(daemon);
    rootfs = await buildRootfs(daemon, {
      ...(options.helpers && { helpers: options.helpers }),
      ...(options.programs && { programs: options.programs }),
    });
    if (user && inProcess) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, rootfs]);
    // Files that the daemon opens once and keeps are not a leak: what a container needs, and a socket to the kernel's firewall.
    const { code } = await likerctl(daemon, ['run', '--rm', rootfs, 'true']);
    await likerctl(daemon, ['info']);
    if (code === 0 && !options.checkout && !options.args?.includes('--spare-shims')) await spares(daemon);
    filesBefore = await settledFiles(daemon);
    // libuv opens one at the first watch, and keeps it.
    if (!filesBefore.includes(inotify)) filesBefore.push(inotify);
    filesBefore.push(...(options.mayKeep ?? []));
  });

  after(async () => {
    try {
      await end();
    } finally {
      await user?.remove();
    }
  });

  async function end(): Promise<void> {
    if (daemon === undefined) return;
    try {
      api?.[Symbol.dispose]();
      const pid = daemon.pid;
      assert.deepEqual(await daemon.empty(), {}, 'nothing of a container is left on the host');
      if (user) await noStrays(user, pid);
      const more = (): string[] => surplus(openFiles(pid).map(kindOf), filesBefore);
      await until('the daemon to close its files', () => more().length === 0, { deadlineMs: 5000 }).catch(
        () => assert.deepEqual(more(), [], 'the daemon holds files that it did not hold before'),
      );
    } finally {
      await daemon.destroy();
    }
  }

  const run = (flags: readonly string[], command: readonly string[], given?: LikerctlOptions) =>
    likerctl(theDaemon(), ['run', '--rm', ...flags, rootfs, ...command], given);
  return {
    get daemon() {
      return theDaemon();
    },
    get user() {
      if (user === undefined) throw new Error('This file is not run by an ordinary user');
      return user;
    },
    get rootfs() {
      return rootfs;
    },
    folder(name) {
      let path = join(theDaemon().home, 'work');
      for (const part of ['', ...name.split('/')]) {
        path = join(path, part);
        if (mkdirSync(path, { recursive: true }) !== undefined && user) chownSync(path, user.uid, user.gid);
      }
      return path;
    },
    give(path, uid = 0, gid = 0) {
      const owner = user ? user.outside(uid, gid) : [uid, gid];
      execFileSync('chown', ['-hR', owner.join(':'), path]);
    },
    command: (program) => [...(user?.command() ?? []), join(user?.checkout ?? repository, program)],
    likerctl: (args, given) => likerctl(theDaemon(), args, given),
    start: (args, given) => startLikerctl(theDaemon(), args, given),
    ok: (args, given) => ok(theDaemon(), args, given),
    run,
    async sh(flags, script, given) {
      const { code, stdout, stderr } = await run(flags, ['bash', '-c', script], given);
      assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
      return stdout.replace(/\n$/, '');
    },
    detached: (flags, command) => ok(theDaemon(), ['run', '-d', ...flags, rootfs, ...command]),
    inspect: (container) => inspect(theDaemon(), container),
    terminal: (args, given) => terminal(theDaemon(), args, given),
    get api() {
      api ??= new Api(theDaemon());
      return api;
    },
    spec: (args, process = {}, more = {}) => ({
      rootfs: { directory: rootfs },
      process: { args: [...args], ...process },
      autoRemove: true,
      ...more,
    }),
  };
}

/** No process is left but likerd and the one that holds its namespaces: without cgroups, nothing else would show them. */
async function noStrays(user: User, likerd: number): Promise<void> {
  const strays = (): string[] => {
    const names = user.processes().map((pid) => ({ pid, name: readProc(pid, 'comm').trim() }));
    return names
      .filter(({ pid, name }) => pid !== likerd && name !== 'liker-hold' && name !== '')
      .filter(({ pid }) => !sparesOf(likerd).includes(pid))
      .map(({ pid, name }) => `${pid} ${name}`);
  };
  await until(`no other process of ${user.name}`, () => strays().length === 0, { deadlineMs: 5000 }).catch(
    () => assert.deepEqual(strays(), [], 'processes of the user are left'),
  );
}

/** Each call has its own connection, since tests replace the daemon. */
async function inspect({ socket }: Daemon, container: string): Promise<Inspected> {
  const connection = new Connection(socket, await wireFrom(process.env));
  try {
    const call = connection.unary(containers.GetContainer, { container, withSize: false });
    const answer = await within(`inspect ${container}`, call);
    assert.ok(answer.container);
    return inspectRecord(answer.container) as unknown as Inspected;
  } finally {
    connection.close();
  }
}

const inotify = 'anon_inode:inotify';

/** Waits, since connections of past clients are closed a moment later. */
/** The shims that likerd has beforehand, from the first start on. */
async function spares(daemon: Daemon): Promise<void> {
  await until('two shims to wait', () => sparesOf(daemon.pid).length === 2);
}

async function settledFiles(daemon: Daemon): Promise<string[]> {
  let last = '';
  await until(
    'the daemon to be at rest',
    () => {
      const now = openFiles(daemon.pid).map(kindOf).join();
      const same = now === last;
      last = now;
      return same;
    },
    { everyMs: 100 },
  );
  return last.split(',');
}

/** Without the numbers that differ between runs. */
function kindOf(file: string): string {
  return file
    .replace(/\[\d+\]/, '')
    .replace(/^\/proc\/\d+/, '/proc/PID')
    .replace(/(faketime_shm_)\d+/, '$1PID');
}

/** Files that are in `now` more often than in `before`. libuv opens one inotify for all watches at the first. */
function surplus(now: readonly string[], before: readonly string[]): string[] {
  const inotify = 'anon_inode:inotify';
  const rest = before.includes(inotify) ? [...before] : [...before, inotify];
  return now.filter((file) => {
    const index = rest.indexOf(file);
    if (index !== -1) rest.splice(index, 1);
    return index === -1;
  });
}
