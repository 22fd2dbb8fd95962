import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isContainerId } from '../../common/ids.ts';
import type { Folders } from '../engine/context.ts';
import type { CgroupKernel, ProcessKernel, ProcKernel, UserKernel } from '../engine/kernel.ts';
import type { ContainerGroup } from '../kernel/cgroup/container-cgroup.ts';
import type { ExecGroup } from '../kernel/cgroup/exec-cgroup.ts';
import type { ExitRecord } from '../kernel/process/exit-record.ts';
import type { StartFailure } from '../kernel/process/reports.ts';
import { rangeSize } from '../kernel/users/id-maps.ts';
import { IdPool } from '../kernel/users/id-pool.ts';
import { VolumeFolders } from '../storage/volume-folders.ts';
import { FakeLinks } from './fake-links.ts';
import { FakeShim } from './fake-shim.ts';

const SIGKILL = 9;

/** Shims, control groups and folders of a host, without a kernel. They outlive the daemons that a test runs on them. */
export class FakeHost {
  /** By container, also those that have ended. */
  readonly shims = new Map<string, FakeShim>();
  readonly groups = new Map<string, FakeGroup>();
  /** Plans of steps outside a start. */
  readonly acts: Buffer[] = [];
  /** The answer to the next of them. */
  onAct: () => Promise<StartFailure | null> = async () => null;
  /** Signals that were sent to main processes: 'PID SIGNAL'. */
  readonly signals: string[] = [];
  /** What shims that are gone have written, by container. */
  readonly exitRecords = new Map<string, ExitRecord>();
  /** Called for each shim that is spawned, once the daemon listens. By default the process starts. */
  onSpawn: (shim: FakeShim) => void = (shim) => shim.start();
  /** Called for each exec that a shim is asked for. By default it starts. */
  onExec: (shim: FakeShim, number: number) => void = (shim, number) => shim.start(number);
  /** Whether a main process ends by a signal other than SIGKILL. */
  obeys = true;
  #nextPid = 1000;

  /** Of processes beside containers, by pid. */
  readonly startTimes = new Map<number, string>();

  /** What /proc says: by default, that nobody was killed. */
  readonly proc: ProcKernel = {
    uptimeMs: () => 0,
    ageMs: () => 0,
    startTimeOf: (pid) => this.startTimes.get(pid) ?? null,
    isKilled: () => false,
    firstChild: () => 0,
    ownOomScoreAdj: () => 0,
    interfaceStats: () => ({ files: [], parse: () => null }),
    endProgram: async () => {},
  };

  readonly users = new FakeUsers();
  readonly links = new FakeLinks();

  shim(id: string): FakeShim {
    const shim = this.shims.get(id);
    if (!shim) throw new Error(`No shim was spawned for container ${id}`);
    return shim;
  }

  readonly processes: ProcessKernel = {
    spawn: async (plan) => {
      const id = /[0-9a-f]{64}/.exec(plan.toString('latin1'))?.[0] ?? '';
      const shim = new FakeShim(this.#nextPid, (number) => this.onExec(shim, number));
      this.#nextPid += 100;
      this.shims.set(id, shim);
      setImmediate(() => this.onSpawn(shim));
      return { shim: shim.connect(), pid: shim.pid, ended: shim.ended, kill: () => shim.die() };
    },
    connect: async (runDir) => {
      const shim = this.shims.get(idOf(runDir));
      if (!shim || shim.isGone) throw new Error(`No shim listens in ${runDir}`);
      return shim.connect();
    },
    exitRecord: (runDir) => this.exitRecords.get(idOf(runDir)) ?? null,
    hold: async () => {
      throw new Error('A fake container has no files');
    },
    list: async () => ({ processes: [], total: 0 }),
    lookUp: async () => ({ uid: 0, gid: 0, groups: [], home: '/root' }),
    act: async (plan) => {
      this.acts.push(plan);
      return this.onAct();
    },
    isAlive: ({ pid }) => this.#mainOf(pid)?.held.get(0)?.exit === null,
    kill: ({ pid }, signal) => {
      this.signals.push(`${pid} ${signal}`);
      const [id, shim] = [...this.shims].find(([, { held }]) => held.get(0)?.pid === pid) ?? [''];
      if (signal === SIGKILL || this.obeys) this.#group(id).deliver(() => shim?.exit(0, { signal }));
    },
  };

  readonly cgroups: CgroupKernel = {
    layout: 'v2',
    losses: [],
    controllers: () => [],
    offers: () => true,
    knobs: () => [],
    check: () => [],
    preview: () => [],
    list: () => [...this.groups.values()].filter(({ exists }) => exists).map(({ id }) => id),
    create: async (id) => this.makeGroup(id),
    open: (id) => this.#group(id),
  };

  /** A control group of which no container need know. */
  makeGroup(id: string): FakeGroup {
    return this.#group(id).make();
  }

  #group(id: string): FakeGroup {
    const known = this.groups.get(id);
    if (known) return known;
    const made = new FakeGroup(id, () => this.shims.get(id));
    this.groups.set(id, made);
    return made;
  }

  #mainOf(pid: number): FakeShim | undefined {
    return [...this.shims.values()].find(({ held }) => held.get(0)?.pid === pid);
  }
}

/** A machine with ids for four containers. */
export class FakeUsers implements UserKernel {
  byDefault: 'auto' | 'host' = 'host';
  readonly warnings = [];
  readonly isRootOnHost = true;
  readonly owner = { uid: 0, name: 'root' };
  readonly ids = { uids: [{ inside: 0, outside: 0, count: 2 ** 32 - 1 }], gids: [] };
  pool = new IdPool('a test', [{ start: 600_000, count: 4 * rangeSize }]);
  /** Why the kernel makes no user namespaces. */
  kernelProblem = '';
  /** Why layers cannot be idmapped. */
  layerProblem = '';
  /** Paths whose file systems cannot be idmapped. */
  readonly bare = new Set<string>();

  problem(): string {
    return this.kernelProblem;
  }

  overlayProblem(): string {
    return this.layerProblem;
  }

  idmapProblem(path: string): string {
    return this.bare.has(path) ? `the file system of '${path}' cannot be idmapped` : '';
  }
}

/** Populated while the shim holds a process that has not ended. SIGKILL ends them all. */
export class FakeGroup implements ContainerGroup {
  readonly id: string;
  readonly #shim: () => FakeShim | undefined;
  readonly #pending: (() => void)[] = [];
  exists = false;
  isFrozen = false;
  readonly execGroups = new Set<number>();
  /** Execs that left a process running. */
  readonly remains = new Set<number>();
  /** Thrown when it is to be removed. */
  stuck: Error | null = null;
  kills = 0;
  oomCount = 0;
  readonly applied = [];
  readonly joinFiles = [];
  readonly oomFile = '';
  readonly eventsFile = '';
  readonly unified: string;
  readonly folder: string;
  readonly paths: Readonly<Record<string, string>>;
  readonly shown: Readonly<Record<string, string>>;
  readonly delegated = [];

  constructor(id: string, shim: () => FakeShim | undefined) {
    this.id = id;
    this.#shim = shim;
    this.folder = `/cgroup/${id}`;
    this.unified = this.folder;
    this.paths = { v2: this.folder };
    this.shown = this.paths;
  }

  make(): this {
    this.exists = true;
    return this;
  }

  async listed() {
    return { folder: this.folder, pids: [] };
  }

  noteShim(): void {}

  noteProcess(): void {}

  async populated(): Promise<boolean> {
    return this.#running().length > 0 || this.remains.size > 0;
  }

  async kill(): Promise<void> {
    this.kills += 1;
    this.remains.clear();
    for (const number of this.#running()) this.#shim()?.exit(number, { signal: SIGKILL });
  }

  async remove(): Promise<void> {
    if (this.stuck) throw this.stuck;
    this.exists = false;
    this.execGroups.clear();
  }

  async freeze(): Promise<void> {
    this.isFrozen = true;
  }

  async thaw(): Promise<void> {
    this.isFrozen = false;
    for (const signal of this.#pending.splice(0)) signal();
  }

  /** A frozen process gets a signal when it is thawed. */
  deliver(signal: () => void): void {
    if (this.isFrozen) this.#pending.push(signal);
    else signal();
  }

  frozen(): boolean {
    return this.isFrozen;
  }

  frozenAbove(): null {
    return null;
  }

  async signalAll(): Promise<void> {}

  oomKills(): number {
    return this.oomCount;
  }

  update() {
    return [];
  }

  stats(): never {
    throw new Error('A fake group has no figures');
  }

  execs(): number[] {
    return [...this.execGroups];
  }

  createExec(number: number): ExecGroup {
    this.execGroups.add(number);
    return this.openExec(number);
  }

  openExec(number: number): ExecGroup {
    const isRunning = () => this.#running().includes(number) || this.remains.has(number);
    return {
      joinFiles: [],
      unified: `${this.folder}/exec-${number}`,
      populated: async () => isRunning(),
      kill: async () => {
        this.remains.delete(number);
        if (this.#running().includes(number)) this.#shim()?.exit(number, { signal: SIGKILL });
      },
      remove: async () => {
        this.execGroups.delete(number);
      },
    };
  }

  #running(): number[] {
    const held = [...(this.#shim()?.held.values() ?? [])];
    return held.filter(({ state }) => state === 'running').map(({ process }) => process);
  }
}

/** Folders below a temporary one; what is removed is gone at once. */
export function fakeFolders(root: string): Folders {
  const containers = join(root, 'containers');
  mkdirSync(containers, { recursive: true });
  const of = (id: string) => {
    const base = join(containers, id);
    return { base, upper: join(base, 'upper'), work: join(base, 'work'), log: join(base, 'log') };
  };
  const remove = (path: string) => rmSync(path, { recursive: true, force: true });
  return {
    of,
    exist: (id) => existsSync(of(id).base),
    list: () => readdirSync(containers),
    create: (id) => {
      const folders = of(id);
      for (const path of Object.values(folders)) mkdirSync(path);
      return folders;
    },
    remove: (id) => remove(of(id).base),
    setAside: (id) => {
      const aside = join(root, 'set-aside');
      rmSync(aside, { recursive: true, force: true });
      if (isContainerId(id) && existsSync(of(id).base)) renameSync(of(id).base, aside);
      return aside;
    },
    asideFolders: () => [],
    limit: () => {},
    overlayOf: (id, target) => join(of(id).base, 'overlays', encodeURIComponent(target)),
    createOverlay: () => {},
    discardOverlay: () => {},
    discardOverlays: () => {},
    createRunFolder: (path) => void mkdirSync(path),
    removeRunFolder: remove,
    settled: async () => {},
    clearVolatileMark: () => {},
    sizes: async () => ({ layerBytes: 0, logBytes: 0 }),
    trash: async () => ({ count: 0, bytes: 0 }),
  };
}

/** Volumes below a temporary folder; one that is removed is gone at once. */
export function fakeVolumeFolders(root: string): VolumeFolders {
  const take = (path: string) => {
    rmSync(path, { recursive: true, force: true });
    return null;
  };
  return new VolumeFolders(root, { take, empty: () => {} });
}

function idOf(runDir: string): string {
  return runDir.slice(runDir.lastIndexOf('/') + 1);
}
