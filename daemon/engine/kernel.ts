// What the engine needs of the kernel. compose.ts passes in the adapters; tests pass in the fakes of daemon/test/.
import type { Cgroups } from '../kernel/cgroup/cgroups.ts';
import type { ContainerCgroup } from '../kernel/cgroup/container-cgroup.ts';
import type { ExecCgroup } from '../kernel/cgroup/exec-cgroup.ts';
import type { nodesAt, nodesBelow } from '../kernel/devices/nodes.ts';
import type { MountEntry } from '../kernel/mount/mountinfo.ts';
import type { NetworkNamespace } from '../kernel/network/shaping.ts';
import type { interfaceStats } from '../kernel/proc/net-dev.ts';
import type { ExitRecord } from '../kernel/process/exit-record.ts';
import type { HostProcess } from '../kernel/process/host-process.ts';
import type { Listing } from '../kernel/process/listing.ts';
import type { SpawnedShim } from '../kernel/process/processes.ts';
import type { Shim, StartFailure } from '../kernel/process/shim.ts';
import type { FoundUser } from '../kernel/process/user.ts';
import type { rightsOf } from '../kernel/security/rights.ts';

/** The control groups of one exec. */
export type ExecGroup = Pick<ExecCgroup, 'joinFiles' | 'unified' | 'populated' | 'kill' | 'remove'>;

/** The control groups of one container. */
export interface ContainerGroup extends Omit<ContainerCgroup, 'createExec' | 'openExec' | 'read'> {
  createExec(number: number): ExecGroup;
  openExec(number: number): ExecGroup;
}

/** The control groups of this daemon's containers. */
export interface CgroupKernel extends Omit<Cgroups, 'create' | 'open' | 'close'> {
  create(...args: Parameters<Cgroups['create']>): Promise<ContainerGroup>;
  open(...args: Parameters<Cgroups['open']>): ContainerGroup;
}

/** Starting and finding shims, and the processes under them. */
export interface ProcessKernel {
  /** Starts a shim with an encoded plan. */
  spawn(plan: Buffer): Promise<SpawnedShim>;
  /** Connects to a shim that runs; rejects when none does. */
  connect(runDir: string): Promise<Shim>;
  /** What a shim that is gone wrote about the end of the main process; null when it wrote nothing. */
  exitRecord(runDir: string): ExitRecord | null;
  /** What /proc says of the processes in the cgroup of an encoded listing. */
  list(plan: Buffer): Promise<Listing>;
  /** Looks up the user of an encoded look-up. */
  lookUp(plan: Buffer): Promise<FoundUser | StartFailure>;
  isAlive(process: HostProcess): boolean;
  /** A process that is gone is no error. */
  kill(process: HostProcess, signal: number): void;
}

/** What /proc says of the host and of single processes. */
export interface ProcKernel {
  /** Milliseconds since the machine started. */
  uptimeMs(): number;
  /** Milliseconds since a process with this start time (field 22 of /proc/PID/stat) was started. */
  ageMs(startTime: string): number;
  /** True when a SIGKILL waits for the process, is ending it, or it has ended. */
  isKilled(pid: number): boolean;
  /** The oldest child that lives; 0: there is none; null: this kernel does not say. */
  firstChild(pid: number): number | null;
  /** likerd's own oom_score_adj. */
  ownOomScoreAdj(): number;
  /** Where the figures of a process's network interfaces are, and what they say. */
  readonly interfaceStats: typeof interfaceStats;
}

/** The mounts of the host. */
export interface MountKernel {
  /** The mounts below a folder, as paths in it, each once, the upper ones first. */
  below(folder: string): string[];
  /** The mount that a path leads to. Throws where it leads nowhere. */
  of(path: string): MountEntry;
}

/** Network namespaces, and limits on what they send. */
export interface NetworkKernel {
  /** The sysctls that a container's own namespace starts with. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Why this kernel cannot limit an interface; empty when it can. */
  shapingProblem(): string;
  /** Throws BAD_ARGUMENT on `field` unless the file stands for a network namespace. */
  checkNamespaceFile(path: string, field: string): void;
  /** Opens the namespace that a file such as /proc/PID/ns/net stands for. Throws the system's error. */
  open(path: string): Pick<NetworkNamespace, keyof NetworkNamespace>;
}

/** The device nodes of the host. */
export interface DeviceKernel {
  readonly below: typeof nodesBelow;
  readonly at: typeof nodesAt;
}

/** What processes may do and see. */
export interface SecurityKernel {
  readonly rightsOf: typeof rightsOf;
  /** What likerd may give away, as CAP_ names. */
  readonly capabilities: readonly string[];
  /** Containers can have a seccomp filter. */
  readonly seccomp: boolean;
  /** Paths of /proc and /sys that a container does not see. */
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
}
