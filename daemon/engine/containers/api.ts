import type { ProcessFacts } from '../../kernel/proc/processes.ts';
import type { ContainerSizes } from '../../storage/container-folders.ts';
import type { Filter } from '../filter.ts';
import type { Repeatable } from '../journal/requests.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { UserNamespaceFacts } from './model/facts.ts';
import type { Health, HealthProbe } from './model/health.ts';
import type { HiddenPaths } from './model/hidden-paths.ts';
import type { Phase } from './model/phase.ts';
import type {
  AppliedLimit,
  AskedSpec,
  ContainerChange,
  ContainerSpec,
  Mount,
  PublishedPort,
} from './model/spec.ts';
import type { ExplainedPlan } from './plan/explain.ts';
import type { Risk } from './plan/risks/risks.ts';

/**
 * Containers as the edge uses them. `container` is an id, a unique prefix of one, or a name. Everything rejects with LikerError.
 * What a spec leaves out the engine fills in; it chooses a name and a hostname where they are empty.
 */
export interface ContainerService {
  create(spec: AskedSpec, options: CreateOptions): Promise<Created>;
  get(container: string, options: { readonly withSize: boolean }): Promise<ContainerView>;
  /** Newest first. `next` is the token of the next page; empty on the last one. */
  list(
    options: ListOptions,
  ): Promise<{ readonly containers: readonly ContainerView[]; readonly next: string }>;
  /** `pid` is that of the main process, which may have ended since. Null: see `stop`. */
  start(
    container: string,
    options: Repeatable,
  ): Promise<{ readonly container: ContainerView | null; readonly pid: number }>;
  /** Null: the call is a repeated one, and the container has been removed since the first one. */
  stop(container: string, options: StopOptions & Repeatable): Promise<ContainerView | null>;
  restart(container: string, options: StopOptions & Repeatable): Promise<ContainerView>;
  /** Returns the full id. */
  kill(
    container: string,
    signal: number,
    options: { readonly scope: KillScope } & Repeatable,
  ): Promise<string>;
  pause(container: string): Promise<ContainerView>;
  resume(container: string): Promise<ContainerView>;
  rename(container: string, newName: string, options: Repeatable): Promise<ContainerView>;
  /** Returns the full id. */
  remove(
    container: string,
    options: { readonly force: boolean; readonly volumes: boolean } & Repeatable,
  ): Promise<string>;
  prune(
    filters: readonly Filter[],
  ): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }>;
  /** Null: it never ran, or it is healthy. */
  wait(container: string, condition: WaitCondition, options: WaitOptions): Promise<ExitStatus | null>;
  checkHealth(container: string): Promise<{ readonly probe: HealthProbe; readonly health: Health }>;
  top(container: string): Promise<TopView>;
  /** What its next start would do. */
  explain(container: string): Promise<Explanation>;
  /** What a create with this spec, and a start, would do. Makes nothing. Rejects as `create` does. */
  explainSpec(spec: AskedSpec, options: Pick<CreateOptions, 'replace'>): Promise<Explanation>;
  /** Adds a mount, at once if it runs. */
  addMount(
    container: string,
    mount: Mount,
    options: Repeatable,
  ): Promise<{ readonly container: ContainerView; readonly warnings: readonly string[] }>;
  /** Takes the mount at a path of the container away, at once if it runs; `lazy`: even if it is in use. */
  removeMount(
    container: string,
    options: { readonly target: string; readonly lazy: boolean } & Repeatable,
  ): Promise<ContainerView>;
  update(
    container: string,
    change: ContainerChange,
  ): Promise<{ readonly container: ContainerView; readonly applied: readonly AppliedLimit[] }>;
}

/** A container's place on a network. What it has only while it runs is empty otherwise. */
export interface EndpointView {
  readonly networkId: string;
  /** Empty: the network is gone. */
  readonly networkName: string;
  /** Inside, such as eth0. */
  readonly interface: string;
  readonly ipv4: string;
  readonly ipv4Prefix: number;
  readonly ipv4Gateway: string;
  readonly ipv6: string;
  readonly ipv6Prefix: number;
  readonly ipv6Gateway: string;
  readonly macAddress: string;
  readonly aliases: readonly string[];
  /** All that the others on the network find it by. */
  readonly names: readonly string[];
  readonly gwPriority: number;
  /** What was asked for; empty: any. */
  readonly askedIpv4: string;
  readonly askedIpv6: string;
}

/** A container as it stands. Plain data, safe to keep. Times are milliseconds since the epoch. */
export interface ContainerView {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly createdAt: number;
  readonly phase: Phase;
  readonly cgroupPaths: Readonly<Record<string, string>>;
  readonly appliedLimits: readonly AppliedLimit[];
  /** Null: the host's. */
  readonly userNamespace: UserNamespaceFacts | null;
  /** Why it has the host's though the default is one of its own; empty otherwise. */
  readonly userNamespaceProblem: string;
  /** The program that connects its own network to the outside; empty: none does. */
  readonly networkProgram: string;
  /** In the order in which it is connected. */
  readonly endpoints: readonly EndpointView[];
  /** Ports of the host that lead into it now. */
  readonly ports: readonly PublishedPort[];
  /** Paths inside that it does not see, or cannot change. */
  readonly hidden: HiddenPaths;
  /** Empty: it has no log. */
  readonly logPath: string;
  /** Folders of its volumes on the host, by name. */
  readonly volumePaths: Readonly<Record<string, string>>;
  readonly execIds: readonly string[];
  readonly attachedClients: number;
  readonly clientLost: boolean;
  readonly restartCount: number;
  /** Out-of-memory kills of its last run. */
  readonly oomKills: number;
  /** Of its last end, also while it runs again. */
  readonly finishedAt: number | null;
  /** Null without a health check. */
  readonly health: Health | null;
  /** Null unless asked for. */
  readonly sizes: ContainerSizes | null;
}

export interface CreateOptions extends Repeatable {
  /** Remove a container that has the name, by force. */
  readonly replace: boolean;
}

/** What a start does, and what the container can do then. */
export interface Explanation extends ExplainedPlan {
  /** Null: the host's. */
  readonly userNamespace: UserNamespaceFacts | null;
  /** The most dangerous first. */
  readonly risks: readonly Risk[];
  readonly warnings: readonly string[];
}

interface Created {
  readonly container: ContainerView;
  readonly warnings: readonly string[];
}

export interface ListOptions {
  /** Also those that do not run. */
  readonly all: boolean;
  readonly filters: readonly Filter[];
  readonly limit: number;
  /** Token of the page; empty: the first one. */
  readonly after: string;
  readonly withSize: boolean;
}

export interface StopOptions {
  /** Null: the container's own. */
  readonly timeoutSeconds: number | null;
  /** Null: the container's own. */
  readonly signal: number | null;
}

export type KillScope = 'main' | 'all';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed' | 'healthy';

export interface WaitOptions {
  /** For next-exit: the time of the end that does not count as the next one; null: the last end so far. */
  readonly knownExit: number | null;
  readonly signal: AbortSignal;
}

export interface TopView {
  /** By pid. */
  readonly processes: readonly TopProcess[];
  /** How many there are in all. */
  readonly total: number;
}

export interface TopProcess extends ProcessFacts {}
