import type { LimitsMode } from '../../../kernel/cgroup/apply.ts';
import type { DeviceRule } from '../../../kernel/cgroup/device-rules.ts';
import type { AppliedLimit, Resources } from '../../../kernel/cgroup/resources.ts';

export { pageSizeName as hugePageName } from '../../../kernel/cgroup/controllers/hugetlb.ts';
export { noLimits } from '../../../kernel/cgroup/resources.ts';
export type { AppliedLimit, DeviceRule, LimitsMode, Resources };

/** A device of the host in the container. */
export interface DeviceMapping {
  /** Node on the host, or a folder of nodes. */
  readonly hostPath: string;
  readonly containerPath: string;
  /** Some of r, w, m. */
  readonly access: string;
}

/** What happens to a process when its client vanishes without detaching. */
export type OnDisconnect = 'keep' | 'hangup' | 'kill';

/** Size of a terminal in characters and, where known, pixels (0: not known). */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly xPixels: number;
  readonly yPixels: number;
}

/** One setrlimit(2) entry; `name` as in RLIMIT_NAME, lower case. Infinity is 2n ** 64n - 1n. Stored as text. */
export interface Rlimit {
  readonly name: string;
  readonly soft: string;
  readonly hard: string;
}

export interface ProcessSpec {
  /** At least one. */
  readonly args: readonly string[];
  /** NAME=VALUE. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** USER[:GROUP]; empty is root. */
  readonly user: string;
  readonly additionalGroups: readonly string[];
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly terminalSize: TerminalSize | null;
  readonly noNewPrivileges: boolean;
  readonly rlimits: readonly Rlimit[];
  readonly privileged: boolean;
  /** Null: the kernel's usual, or for an exec the container's. */
  readonly oomScoreAdj: number | null;
}

/** How to tell whether a container that runs does its work. */
export interface HealthCheck {
  /** A line for /bin/sh -c; empty: `args` says what to execute. */
  readonly shell: string;
  readonly args: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly onFailure: 'none' | 'kill' | 'restart' | 'stop';
}

/** When a container is started again by itself. `maxRetries` is for on-failure; 0: no bound. */
export interface RestartPolicy {
  readonly name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  readonly maxRetries: number;
}

export interface Rootfs {
  /** Absolute path on the host. */
  readonly directory: string;
  readonly mode: 'overlay' | 'rw' | 'ro';
}

/** Whose namespace a container uses. */
export type Share =
  | { readonly kind: 'private' }
  | { readonly kind: 'host' }
  | { readonly kind: 'container'; readonly id: string }
  /** A file of the host that stands for the namespace; of the network's only. */
  | { readonly kind: 'path'; readonly path: string };

export interface Namespaces {
  readonly pid: Share;
  readonly ipc: Share;
  readonly uts: Share;
  readonly cgroup: Share;
  readonly network: Share;
}

export type Propagation =
  | 'private'
  | 'rprivate'
  | 'shared'
  | 'rshared'
  | 'slave'
  | 'rslave'
  | 'unbindable'
  | 'runbindable';

export type Mount =
  | {
      readonly type: 'bind';
      /** Absolute path on the host. */
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Read-only, but not what is mounted below the source. Records of earlier versions lack it, which means false. */
      readonly readOnlyNonRecursive?: boolean;
      readonly propagation: Propagation;
      readonly recursive: boolean;
      readonly createSource: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly readOnly: boolean;
      readonly options: readonly string[];
    };

/**
 * What a container is to be: complete, checked, all defaults filled in. Plain data that survives
 * JSON.stringify unchanged.
 */
export interface ContainerSpec {
  readonly name: string;
  readonly rootfs: Rootfs;
  readonly process: ProcessSpec;
  readonly hostname: string;
  readonly domainname: string;
  readonly namespaces: Namespaces;
  readonly mounts: readonly Mount[];
  readonly readOnly: boolean;
  readonly shmSizeBytes: number;
  readonly init: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** HOST:IP. */
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly resources: Resources;
  /** Number. */
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
  readonly autoRemove: boolean;
  /** 0: no bound. */
  readonly timeoutSeconds: number;
  readonly onDisconnect: OnDisconnect;
  readonly seccompUnconfined: boolean;
  readonly restart: RestartPolicy;
  readonly devices: readonly DeviceMapping[];
  readonly deviceRules: readonly DeviceRule[];
  /** Path of the cgroup to be made in; empty: the daemon's own. */
  readonly cgroupParent: string;
  readonly limits: LimitsMode;
  /** Null: nobody looks. */
  readonly healthCheck: HealthCheck | null;
  /** Records of earlier versions have none, which means local. */
  readonly logDriver?: LogDriver;
  /** Greatest size of a log file; not set: the default. */
  readonly logFileBytes?: number;
  /** Number of log files that are kept; not set: the default. */
  readonly logFiles?: number;
  /** Search domains of the resolver. Records of earlier versions lack these two fields. */
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
}

export type LogDriver = 'local' | 'none';

/** Changes to an existing container. */
export interface ContainerChange {
  /** Null and empty change nothing. */
  readonly limits: Resources;
  /** Null: it stays. */
  readonly restart: RestartPolicy | null;
}
