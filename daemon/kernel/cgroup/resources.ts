import * as v from 'valibot';
import { byName, check, fields, type Given, group, type Of, orNull } from '../../../common/schema.ts';

/** A value for one block device: its node (/dev/vda) or its number (254:0). */
const deviceValue = fields({ device: v.string(), value: v.number() });
const deviceValues = v.optional(v.array(deviceValue), []);

const hugetlbLimit = fields({
  /** In the kernel's form: 2MB, 1GB. */
  pageSize: v.string(),
  maxBytes: orNull(v.number()),
  reservationBytes: orNull(v.number()),
});

/** Text for a file of the container's cgroup, by the name of the file. */
const cgroupSetting = fields({ file: v.string(), value: v.string() });

/** Limits. Null or an empty list leaves the kernel's default; -1 is no limit. */
export const cgroupLimits = {
  cpu: group({
    shares: orNull(v.number()),
    /** v2's scale, 1 to 10000. */
    weight: orNull(v.number()),
    quotaUs: orNull(v.number()),
    periodUs: orNull(v.number()),
    burstUs: orNull(v.number()),
    /** Runs only when nothing else does. */
    idle: orNull(v.boolean()),
    realtimeRuntimeUs: orNull(v.number()),
    realtimePeriodUs: orNull(v.number()),
    cpusetCpus: orNull(v.string()),
    cpusetMems: orNull(v.string()),
    /** member, root or isolated. */
    cpusetPartition: orNull(v.string()),
  }),
  memory: group({
    maxBytes: orNull(v.number()),
    /** Memory plus swap, Docker's --memory-swap. */
    memorySwapBytes: orNull(v.number()),
    /** Docker's --memory-reservation. */
    reservationBytes: orNull(v.number()),
    lowBytes: orNull(v.number()),
    minBytes: orNull(v.number()),
    highBytes: orNull(v.number()),
    swapHighBytes: orNull(v.number()),
    zswapMaxBytes: orNull(v.number()),
    swappiness: orNull(v.number()),
    oomGroup: orNull(v.boolean()),
    oomKillDisable: orNull(v.boolean()),
  }),
  pids: group({ max: orNull(v.number()) }),
  hugetlb: v.optional(v.array(hugetlbLimit), []),
  io: group({
    /** Docker's scale, 10 to 1000. */
    weight: orNull(v.number()),
    weightDevices: deviceValues,
    /** Bytes per second. */
    readBps: deviceValues,
    writeBps: deviceValues,
    /** Operations per second. */
    readIops: deviceValues,
    writeIops: deviceValues,
    latencyUs: deviceValues,
  }),
  network: group({
    classId: orNull(v.number()),
    /** By interface of the host. */
    priorities: byName(v.number()),
    /** SO_PRIORITY of its sockets. */
    priority: orNull(v.number()),
  }),
  cgroup: group({
    maxDescendants: orNull(v.number()),
    maxDepth: orNull(v.number()),
    /** Applied last, in order. */
    settings: v.optional(v.array(cgroupSetting), []),
  }),
};

const resources = fields(cgroupLimits);

/** The requested limits of a container's cgroups. */
export interface Resources extends Of<typeof resources> {}
/** Some limits; the others are not set. */
export type LimitsPatch = Given<typeof resources>;
export interface DeviceValue extends Of<typeof deviceValue> {}
export interface HugetlbLimit extends Of<typeof hugetlbLimit> {}

/** Completes limits: the others are not set. */
export function limitsOf(patch: LimitsPatch): Resources {
  return check(resources, patch, 'resources');
}

/** What happens with limits that cannot be set here: the first one is an error, or all are left out and reported. */
export const limitsModeSchema = v.picklist(['strict', 'best-effort']);
export type LimitsMode = Of<typeof limitsModeSchema>;

/** A limit as requested, and as the kernel took it. */
export const appliedLimitSchema = fields({
  knob: v.string(),
  requested: v.string(),
  /** Absolute path of the file that it was written to; empty if it was not. */
  file: v.string(),
  written: v.string(),
  /** Text that was read back. */
  effective: v.string(),
  /** Why it was not written; empty if it was. */
  problem: v.string(),
});
export interface AppliedLimit extends Of<typeof appliedLimitSchema> {}
