import { keyedValue } from '../files.ts';
import { type FindFolder, groups, type StatsGroup, statsIn } from './group.ts';

/** CPU time of all its processes since the cgroup was made, in microseconds. */
export interface CpuUsage {
  readonly usageUs: number;
  readonly userUs: number | null;
  readonly systemUs: number | null;
}

/** The effect of a quota (--cpus). */
export interface CpuThrottling {
  /** Periods in which the cgroup had something to run. */
  readonly periods: number;
  /** Periods in which it used up its quota. */
  readonly throttledPeriods: number;
  readonly throttledUs: number;
}

export interface CpuStats {
  readonly usage: CpuUsage | null;
  readonly throttling: CpuThrottling | null;
}

/** cpu.stat of v2, which counts time even without the controller. */
export function parseUsageV2(text: string | null): CpuUsage | null {
  const usageUs = text === null ? null : keyedValue(text, 'usage_usec');
  if (text === null || usageUs === null) return null;
  return { usageUs, userUs: keyedValue(text, 'user_usec'), systemUs: keyedValue(text, 'system_usec') };
}

/** Files of cpuacct in nanoseconds: total, in user mode, in the kernel. */
export function parseUsageV1(
  all: string | null,
  user: string | null,
  system: string | null,
): CpuUsage | null {
  const us = (text: string) => Math.round(Number(text) / 1000);
  if (all === null) return null;
  return {
    usageUs: us(all),
    userUs: user === null ? null : us(user),
    systemUs: system === null ? null : us(system),
  };
}

/** cpu.stat of either version: v2 counts in microseconds, v1 in nanoseconds. */
export function parseThrottling(text: string | null): CpuThrottling | null {
  const periods = text === null ? null : keyedValue(text, 'nr_periods');
  if (text === null || periods === null) return null;
  return {
    periods,
    throttledPeriods: keyedValue(text, 'nr_throttled') ?? 0,
    throttledUs:
      keyedValue(text, 'throttled_usec') ?? Math.round((keyedValue(text, 'throttled_time') ?? 0) / 1000),
  };
}

function usageGroup(find: FindFolder): StatsGroup<CpuUsage | null> {
  const unified = find('cgroup');
  if (unified !== null) return statsIn(unified, ['cpu.stat'], ([text = null]) => parseUsageV2(text));
  const files = ['cpuacct.usage', 'cpuacct.usage_user', 'cpuacct.usage_sys'];
  return statsIn(find('cpuacct'), files, ([all = null, user = null, system = null]) =>
    parseUsageV1(all, user, system),
  );
}

export function cpuStats(find: FindFolder): StatsGroup<CpuStats> {
  const throttling = statsIn(find('cpu'), ['cpu.stat'], ([text = null]) => parseThrottling(text));
  return groups<CpuStats>({ usage: usageGroup(find), throttling });
}
