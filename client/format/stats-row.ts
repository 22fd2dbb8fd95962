import { shortId } from '../../common/ids.ts';
import { formatBinaryBytes, formatBytes } from '../../common/units.ts';
import type { ContainerStats } from '../../proto/gen/types/liker/v1/ContainerStats.ts';
import type { ResourcePressure } from '../../proto/gen/types/liker/v1/ResourcePressure.ts';
import type { StatsSnapshot } from '../../proto/gen/types/liker/v1/StatsSnapshot.ts';
import { stateWord } from './status.ts';

/** A container for the templates of stats: Docker's fields, then Liker's own. */
export interface StatsRow {
  readonly Container: string;
  readonly ID: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
  readonly State: string;
  readonly MemPeak: string;
  readonly Swap: string;
  readonly OOMKills: string;
  readonly Throttled: string;
  readonly CPUPressure: string;
  readonly MemPressure: string;
  readonly IOPressure: string;
}

/** Stands for a missing figure. */
const none = '--';

type Machine = Pick<StatsSnapshot, 'memoryBytes'>;

export function statsRow(stats: ContainerStats, machine: Machine, truncate: boolean): StatsRow {
  const { cpu, memory, pids, pressure } = stats;
  const id = truncate ? shortId(stats.id) : stats.id;
  const limit = memoryLimit(stats, machine);
  const used = memoryUsed(stats);
  const throttling = cpu?.throttling;
  return {
    Container: id,
    ID: id,
    Name: stats.name,
    CPUPerc: percent(cpu?.percent),
    MemUsage: pair(used, limit, formatBinaryBytes),
    MemPerc: percent(used === undefined ? undefined : (100 * used) / limit),
    NetIO: pair(...networkBytes(stats), formatBytes),
    BlockIO: pair(...blockBytes(stats), formatBytes),
    PIDs: pids ? String(pids.current) : none,
    State: stateWord(stats),
    MemPeak: one(memory?.peakBytes, formatBinaryBytes),
    Swap: one(memory?.swapBytes, formatBinaryBytes),
    OOMKills: one(memory?.oomKills, String),
    Throttled: throttling ? `${throttling.throttledPeriods} / ${throttling.periods}` : none,
    CPUPressure: stalled(pressure?.cpu),
    MemPressure: stalled(pressure?.memory),
    IOPressure: stalled(pressure?.io),
  };
}

/** The keys to sort by. */
export const sortKeys: Readonly<Record<string, (stats: ContainerStats) => number | undefined>> = {
  cpu: (stats) => stats.cpu?.percent,
  mem: memoryUsed,
  pids: (stats) => stats.pids?.current,
  io: (stats) => total(blockBytes(stats)),
  net: (stats) => total(networkBytes(stats)),
};

/** As Docker counts: without file pages that can be dropped at once. */
function memoryUsed({ memory }: ContainerStats): number | undefined {
  return memory?.workingSetBytes ?? memory?.usageBytes;
}

function memoryLimit({ memory }: ContainerStats, { memoryBytes }: Machine): number {
  return Math.min(memory?.limitBytes ?? memoryBytes, memoryBytes);
}

type Pair = readonly [number | undefined, number | undefined];

/** The totals of all interfaces except lo, which carries no outside traffic. */
function networkBytes({ network }: ContainerStats): Pair {
  const outer = network?.interfaces.filter(({ name }) => name !== 'lo');
  return [sum(outer, ({ received }) => received?.bytes), sum(outer, ({ sent }) => sent?.bytes)];
}

function blockBytes({ io }: ContainerStats): Pair {
  return [sum(io?.devices, ({ readBytes }) => readBytes), sum(io?.devices, ({ writeBytes }) => writeBytes)];
}

function sum<T>(items: readonly T[] | undefined, value: (item: T) => number | undefined): number | undefined {
  return items?.reduce((total, item) => total + (value(item) ?? 0), 0);
}

function total([one, other]: Pair): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}

function pair(
  left: number | undefined,
  right: number | undefined,
  format: (value: number) => string,
): string {
  return left === undefined || right === undefined
    ? `${none} / ${none}`
    : `${format(left)} / ${format(right)}`;
}

function one(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? none : format(value);
}

function percent(value: number | undefined): string {
  return one(value, (number) => `${number.toFixed(2)}%`);
}

/** The share of the last ten seconds in which a task was stalled. */
function stalled(pressure: ResourcePressure | null | undefined): string {
  return percent(pressure?.some?.avg10);
}
