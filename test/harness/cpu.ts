import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspected } from './suite.ts';

/** Something with control groups. */
type Grouped = Pick<Inspected, 'CgroupPaths'>;

/** A file of a container's group, in the hierarchy of the controller; null if there is none. */
export function cgroupFile({ CgroupPaths }: Grouped, controller: string, file: string): string | null {
  const own = Object.entries(CgroupPaths).find(([key]) => key.split(',').includes(controller))?.[1];
  const path = join(own ?? CgroupPaths['v2'] ?? '', file);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

/** CPU time that a container has used, in microseconds. */
export function cpuUsageUs(container: Grouped): number {
  const v1 = cgroupFile(container, 'cpuacct', 'cpuacct.usage');
  if (v1 !== null) return Number(v1) / 1000;
  const path = join(container.CgroupPaths['v2'] ?? '', 'cpu.stat');
  return Number(/^usage_usec (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1]);
}

/**
 * How many CPUs each container uses in the same period. The period begins before the first reading and ends after the
 * last: the reader may have to wait for a CPU, so the result may be too low, but never too high.
 */
export async function cpuShares(containers: readonly Grouped[], spanMs: number): Promise<number[]> {
  const begin = performance.now();
  const before = containers.map(cpuUsageUs);
  await sleep(spanMs);
  const after = containers.map(cpuUsageUs);
  const span = performance.now() - begin;
  return after.map((used, index) => (used - (before[index] ?? 0)) / 1000 / span);
}
