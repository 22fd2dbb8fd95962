import type { CgroupStats } from '../../kernel/cgroup/stats/table.ts';
import type { InterfaceStats } from '../../kernel/proc/net-dev.ts';
import type { State } from '../containers/model/phase.ts';

/** The resources that a container has used since its start. Null: not measured on this machine. */
export interface Figures extends CgroupStats {
  /** Null in the host's network namespace. */
  readonly network: readonly InterfaceStats[] | null;
  /** What its egress policy has refused; null: it has none. */
  readonly egressDenied: number | null;
}

/** Figures of containers, as the edge uses them. */
export interface StatsService {
  /** With an interval it reads twice and includes rates. `watched`: the caller will read again soon. */
  read(
    options: StatsOptions & { readonly intervalMs: number | null; readonly watched: boolean },
    signal: AbortSignal,
  ): Promise<StatsSnapshot>;
  watch(
    options: StatsOptions & { readonly intervalMs: number },
    signal: AbortSignal,
  ): AsyncIterable<StatsSnapshot>;
}

export interface StatsOptions {
  /** Empty: all running containers. */
  readonly containers: readonly string[];
  /** Without names: include containers that do not run. */
  readonly all: boolean;
}

export interface StatsSnapshot {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly containers: readonly ContainerSample[];
}

export interface ContainerSample {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  /** Null when it does not run. */
  readonly figures: Figures | null;
  /** Percent of one CPU since the previous snapshot; null in the first one. */
  readonly cpuPercent: number | null;
}
