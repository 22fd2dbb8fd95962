import { type CpuStats, cpuStats } from './cpu.ts';
import { type FindFolder, groups, type StatsGroup } from './group.ts';
import { type HugetlbStats, hugetlbStats } from './hugetlb.ts';
import { type DeviceIo, ioStats } from './io.ts';
import { type MemoryStats, memoryStats } from './memory.ts';
import { type PidsStats, pidsStats } from './pids.ts';
import { type PressureStats, pressureStats } from './pressure.ts';

/** What a container's cgroup has used. Null: this machine does not report it. */
export interface CgroupStats {
  readonly cpu: CpuStats;
  readonly memory: MemoryStats | null;
  readonly pids: PidsStats | null;
  readonly io: readonly DeviceIo[] | null;
  readonly hugetlb: readonly HugetlbStats[] | null;
  readonly pressure: PressureStats;
}

/** All figures, wherever each controller is mounted. */
export function cgroupStats(find: FindFolder): StatsGroup<CgroupStats> {
  return groups<CgroupStats>({
    cpu: cpuStats(find),
    memory: memoryStats(find),
    pids: pidsStats(find),
    io: ioStats(find),
    hugetlb: hugetlbStats(find),
    pressure: pressureStats(find),
  });
}
