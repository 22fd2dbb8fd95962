import type { KnobPlace } from '../../kernel/cgroup/knob-places.ts';
import type { IdSpan } from '../../kernel/users/id-pool.ts';
import type { State } from '../containers/model/phase.ts';

/** The engine as a whole, as the edge uses it. */
export interface SystemService {
  info(): EngineInfo;
  census(): Census;
  diskUsage(): Promise<readonly DiskUsage[]>;
  /** Compares records and files; `repair` makes them agree where nothing is lost by it. */
  check(options: { readonly repair: boolean }): Promise<readonly Finding[]>;
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
  /** Where each limit is set, or why it cannot be. */
  readonly knobs: readonly KnobPlace[];
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  /** 0: the kernel has none. */
  readonly landlockVersion: number;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  readonly userNamespaces: UserNamespacesInfo;
  readonly networks: NetworksInfo;
  /** Null: likerd is root on the host. */
  readonly rootless: RootlessInfo | null;
  readonly warnings: readonly string[];
}

export interface RootlessInfo {
  /** The name of the user who is root in the containers. */
  readonly user: string;
  readonly uid: number;
  /** What is lost without root, and why. */
  readonly losses: readonly string[];
}

export interface NetworksInfo {
  /** What containers get that ask for nothing: the name of a network, or none, host, or without root pasta. */
  readonly byDefault: string;
  /** Why containers cannot be connected; empty: they can. */
  readonly problem: string;
  /** From where networks get subnets that ask for none. */
  readonly pools: readonly string[];
  /** Where ports are published that name no address of the host. */
  readonly publishAddresses: readonly string[];
}

export interface UserNamespacesInfo {
  /** What containers get that ask for nothing. */
  readonly byDefault: 'auto' | 'host';
  /** Why none of them can have one of its own; empty: they can. */
  readonly problem: string;
  /** Where the ids come from. */
  readonly source: string;
  readonly ids: readonly IdSpan[];
  /** How many containers there are ids for, and for how many of them they are still free. */
  readonly ranges: number;
  readonly freeRanges: number;
}

export interface Census {
  readonly containers: Readonly<Record<State, number>>;
  /** Clients that are attached to processes of containers. */
  readonly sessions: number;
}

/** What one kind of thing takes of the disk. */
export interface DiskUsage {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  /** What removing all that is not active would free. */
  readonly reclaimableBytes: number;
}

/** Something below the root folder that has no record (`strange`), or that is not as its record says. */
export interface Finding {
  readonly problem: 'missing' | 'strange' | 'size';
  readonly kind: 'layer' | 'recipe' | 'blob' | 'draft' | 'container' | 'network' | 'volume' | 'other';
  /** Below the root folder. */
  readonly path: string;
  /** What it takes of the disk. */
  readonly sizeBytes: number;
  /** Whose it is, and what to do. */
  readonly note: string;
  readonly isRepaired: boolean;
}
