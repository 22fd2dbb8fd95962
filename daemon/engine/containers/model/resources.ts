import * as v from 'valibot';
import { check, fields, type Given, group, type Of, orNull } from '../../../../common/schema.ts';
import { cgroupLimits, type DeviceValue, type HugetlbLimit } from '../../../kernel/cgroup/resources.ts';

/** The limits of a container: those of its cgroups, and what its network interfaces may send. */
export const resourcesSchema = fields({
  ...cgroupLimits,
  network: group({
    ...cgroupLimits.network.wrapped.entries,
    /** Bits per second that each interface may send; 0: no limit. */
    rateBits: orNull(v.number()),
    ceilBits: orNull(v.number()),
  }),
});
export interface Resources extends Of<typeof resourcesSchema> {}

/** These limits and no others. */
export function limitsOf(patch: Given<typeof resourcesSchema>): Resources {
  return check(resourcesSchema, patch, 'resources');
}

/** The limits after a change: what it names replaces what was there, by page size, device, interface and file. */
export function mergeLimits(now: Resources, change: Resources): Resources {
  const devices = (key: Exclude<keyof Resources['io'], 'weight'>): readonly DeviceValue[] =>
    mergeBy(now.io[key], change.io[key], ({ device }) => device);
  return {
    cpu: mergeSet({ ...now.cpu, ...(takesShare(change) && { shares: null, weight: null }) }, change.cpu),
    memory: mergeSet(now.memory, change.memory),
    pids: mergeSet(now.pids, change.pids),
    hugetlb: mergeHugetlb(now.hugetlb, change.hugetlb),
    io: {
      weight: change.io.weight ?? now.io.weight,
      weightDevices: devices('weightDevices'),
      readBps: devices('readBps'),
      writeBps: devices('writeBps'),
      readIops: devices('readIops'),
      writeIops: devices('writeIops'),
      latencyUs: devices('latencyUs'),
    },
    network: {
      ...mergeSet(now.network, change.network),
      priorities: { ...now.network.priorities, ...change.network.priorities },
    },
    cgroup: {
      maxDescendants: change.cgroup.maxDescendants ?? now.cgroup.maxDescendants,
      maxDepth: change.cgroup.maxDepth ?? now.cgroup.maxDepth,
      settings: mergeBy(now.cgroup.settings, change.cgroup.settings, ({ file }) => file),
    },
  };
}

/** An idle container has no share, and shares and a weight replace each other. */
function takesShare({ cpu }: Resources): boolean {
  return cpu.idle === true || cpu.shares !== null || cpu.weight !== null;
}

function mergeSet<T extends object>(now: T, change: T): T {
  const set = Object.entries(change).filter(([, value]) => value !== null);
  return { ...now, ...Object.fromEntries(set) };
}

/** Drops all entries whose key the change names, and appends the change's. */
function mergeBy<T>(now: readonly T[], change: readonly T[], key: (item: T) => string): readonly T[] {
  const changed = new Set(change.map(key));
  return [...now.filter((item) => !changed.has(key(item))), ...change];
}

function mergeHugetlb(now: readonly HugetlbLimit[], change: readonly HugetlbLimit[]): HugetlbLimit[] {
  const merged = new Map(now.map((limit) => [limit.pageSize, limit]));
  for (const limit of change) {
    const before = merged.get(limit.pageSize);
    merged.set(limit.pageSize, before === undefined ? limit : mergeSet(before, limit));
  }
  return [...merged.values()];
}
