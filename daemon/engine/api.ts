import type { KnobPlace } from '../kernel/cgroup/knob-places.ts';
import type { ContainerSizes } from '../storage/container-folders.ts';
import type { Health, HealthProbe } from './containers/model/health.ts';
import type { ExitStatus, Phase, State } from './containers/model/phase.ts';
import type {
  AppliedLimit,
  ContainerChange,
  ContainerSpec,
  ExecProcess,
  OnDisconnect,
  ProcessSpec,
} from './containers/model/spec.ts';
import type { Filter } from './filter.ts';
import type { EventRecord } from './journal/event.ts';
import type { SubscribeOptions } from './journal/events.ts';
import type { AttachOptions, Session, SessionSink } from './sessions/frames.ts';
import type { StatsOptions, StatsSnapshot } from './stats/model.ts';

/** What the engine offers to its edge. Every `container` argument is an id, a unique prefix of one, or a name. */

/** A container as it stands. Plain data, safe to keep. Times are milliseconds since the epoch. */
export interface ContainerView {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly createdAt: number;
  readonly phase: Phase;
  readonly cgroupPaths: Readonly<Record<string, string>>;
  readonly appliedLimits: readonly AppliedLimit[];
  readonly logPath: string;
  readonly execIds: readonly string[];
  readonly attachedClients: number;
  readonly clientLost: boolean;
  readonly restartCount: number;
  /** Processes of its last run that the kernel killed for want of memory. */
  readonly oomKills: number;
  /** Of its last end, also while it runs again. */
  readonly finishedAt: number | null;
  /** Null without a health check. */
  readonly health: Health | null;
  /** Null unless asked for. */
  readonly sizes: ContainerSizes | null;
}

export interface ProcessView {
  readonly containerId: string;
  /** "main" or the id of an exec. */
  readonly processId: string;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly spec: ProcessSpec;
  readonly exit: ExitStatus | null;
  readonly attachedClients: number;
}

export interface CreateOptions {
  /** Empty: none. */
  readonly requestId: string;
  readonly replace: boolean;
}

/** Specs from the edge are complete but for these, which the engine makes up when they are empty: name, hostname. */
export interface Created {
  readonly container: ContainerView;
  readonly warnings: readonly string[];
}

export interface StopOptions {
  /** Null: the container's own. */
  readonly timeoutSeconds: number | null;
  /** Null: the container's own. */
  readonly signal: number | null;
}

/** A call that may be repeated when its answer was lost. */
export interface Repeatable {
  /** Identifies the repeated call; empty: it cannot be recognized. */
  readonly requestId: string;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed' | 'healthy';
export type KillScope = 'main' | 'all';

export interface LogEntry {
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly stream: 'stdout' | 'stderr';
  /** With the newline when the line is complete. */
  readonly data: Buffer;
  /** Bytes of the stream that could not be logged before this; then there is no data. 0: none. */
  readonly lostBytes: number;
  /** Files of the log before this entry that were removed before they could be read. */
  readonly skippedFiles: number;
  /** The place in the log after it. */
  readonly segment: number;
  readonly offset: number;
}

export interface ReadLogsOptions {
  /** Where to begin; null: at the beginning, or as `tail` says. */
  readonly after: { readonly segment: number; readonly offset: number } | null;
  readonly follow: boolean;
  /** Null: all lines. */
  readonly tail: number | null;
  /** Nanoseconds since the epoch; null: no bound. */
  readonly sinceNs: bigint | null;
  readonly untilNs: bigint | null;
}

export interface TopView {
  /** By pid. */
  readonly processes: readonly TopProcess[];
  /** How many there are in all. */
  readonly total: number;
}

export interface TopProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  readonly ttyDevice: number;
  readonly startedAt: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly state: string;
  readonly args: readonly string[];
  readonly name: string;
  readonly containerPid: number;
}

/** What takes room on the disk, of one kind. */
export interface DiskUsage {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  /** What a removal of all that is not active would give back. */
  readonly reclaimableBytes: number;
}

export interface EngineInfo {
  readonly root: string;
  readonly run: string;
  readonly containers: number;
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly cgroupLayout: string;
  readonly cgroupControllers: readonly {
    readonly name: string;
    readonly version: number;
    readonly mountPoint: string;
  }[];
  /** Where each limit is carried out, or why it is not. */
  readonly knobs: readonly KnobPlace[];
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  readonly warnings: readonly string[];
}

/** The engine, as the edge uses it. Everything rejects with LikerError. */
export interface EngineApi {
  create(spec: ContainerSpec, options: CreateOptions): Promise<Created>;
  get(container: string, options: { readonly withSize: boolean }): Promise<ContainerView>;
  /** Newest first; at most `limit`, those older than the id `after` (empty: from the newest). */
  list(options: {
    readonly all: boolean;
    readonly filters: readonly Filter[];
    readonly limit: number;
    readonly after: string;
    readonly withSize: boolean;
  }): Promise<{ readonly containers: readonly ContainerView[]; readonly next: string }>;
  /** Answers also the pid of the main process, which may have ended since. */
  start(
    container: string,
    options: Repeatable,
  ): Promise<{ readonly container: ContainerView | null; readonly pid: number }>;
  /** Null: this is a repeated call, and the container has been removed since the first one. */
  stop(container: string, options: StopOptions & Repeatable): Promise<ContainerView | null>;
  restart(container: string, options: StopOptions & Repeatable): Promise<ContainerView>;
  /** Answers the whole id. */
  kill(
    container: string,
    signal: number,
    options: { readonly scope: KillScope } & Repeatable,
  ): Promise<string>;
  pause(container: string): Promise<ContainerView>;
  resume(container: string): Promise<ContainerView>;
  rename(container: string, newName: string, options: Repeatable): Promise<ContainerView>;
  /** Answers the whole id. */
  remove(container: string, options: { readonly force: boolean } & Repeatable): Promise<string>;
  prune(
    filters: readonly Filter[],
  ): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }>;
  /** Null: it never ran, or it is healthy. */
  wait(
    container: string,
    condition: WaitCondition,
    /** `knownExit`, for next-exit: the time of the end that does not count as the next one; null: the present last end. */
    options: { readonly knownExit: number | null; readonly signal: AbortSignal },
  ): Promise<ExitStatus | null>;
  checkHealth(container: string): Promise<{ readonly probe: HealthProbe; readonly health: Health }>;
  top(container: string): Promise<TopView>;
  explain(container: string): Promise<readonly { readonly name: string; readonly detail: string }[]>;
  update(
    container: string,
    change: ContainerChange,
  ): Promise<{ readonly container: ContainerView; readonly applied: readonly AppliedLimit[] }>;

  run(spec: ContainerSpec, options: CreateOptions, sink: SessionSink): Promise<Session>;
  exec(
    container: string,
    process: ExecProcess,
    options: { readonly onDisconnect: OnDisconnect } & Repeatable,
    sink: SessionSink,
  ): Promise<Session>;
  attach(container: string, options: AttachOptions & Repeatable, sink: SessionSink): Promise<Session>;
  startExec(
    container: string,
    process: ExecProcess,
    options: { readonly requestId: string },
  ): Promise<ProcessView>;
  /** Aborting kills the process. */
  execSync(
    container: string,
    process: ExecProcess,
    stdin: Buffer,
    signal: AbortSignal,
  ): Promise<{
    readonly exit: ExitStatus;
    readonly stdout: Buffer;
    readonly stderr: Buffer;
    readonly truncated: boolean;
  }>;
  processes(container: string): Promise<readonly ProcessView[]>;

  /** Ends at the end of the log, or with follow at the container's end, or when aborted. */
  logs(container: string, options: ReadLogsOptions, signal: AbortSignal): AsyncIterable<readonly LogEntry[]>;
  events(options: SubscribeOptions, signal: AbortSignal): AsyncIterable<EventRecord>;
  /** With an interval it reads twice, so that there are rates. `watched`: it will be called again soon. */
  stats(
    options: StatsOptions & { readonly intervalMs: number | null; readonly watched: boolean },
    signal: AbortSignal,
  ): Promise<StatsSnapshot>;
  watchStats(
    options: StatsOptions & { readonly intervalMs: number },
    signal: AbortSignal,
  ): AsyncIterable<StatsSnapshot>;
  /** The store that the numbers belong to. */
  lastSeq(): { readonly last: number; readonly oldest: number; readonly storeId: string };
  /** Containers by state, and clients that are attached to their processes. */
  census(): { readonly containers: Readonly<Record<State, number>>; readonly sessions: number };
  info(): EngineInfo;
  diskUsage(): Promise<readonly DiskUsage[]>;
}
