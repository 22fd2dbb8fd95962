/** A value for one block device: its node (/dev/vda) or its number (254:0). */
export interface DeviceValue {
  readonly device: string;
  readonly value: number;
}

export interface HugetlbLimit {
  /** As the kernel writes it: 2MB, 1GB. */
  readonly pageSize: string;
  readonly maxBytes: number | null;
  readonly reservationBytes: number | null;
}

/** Text for a file of the container's cgroup, by the file's own name. */
export interface CgroupSetting {
  readonly file: string;
  readonly value: string;
}

/** Limits; null (and an empty list) leaves the kernel's default. Signed ones: -1 is "no limit". */
export interface Resources {
  readonly cpu: {
    readonly shares: number | null;
    /** v2's scale, 1 to 10000. */
    readonly weight: number | null;
    readonly quotaUs: number | null;
    readonly periodUs: number | null;
    readonly burstUs: number | null;
    /** Runs only when nobody else wants to. */
    readonly idle: boolean | null;
    readonly realtimeRuntimeUs: number | null;
    readonly realtimePeriodUs: number | null;
    readonly cpusetCpus: string | null;
    readonly cpusetMems: string | null;
    /** member, root or isolated. */
    readonly cpusetPartition: string | null;
  };
  readonly memory: {
    readonly maxBytes: number | null;
    /** Memory plus swap, Docker's --memory-swap. */
    readonly memorySwapBytes: number | null;
    /** Docker's --memory-reservation. */
    readonly reservationBytes: number | null;
    readonly lowBytes: number | null;
    readonly minBytes: number | null;
    readonly highBytes: number | null;
    readonly swapHighBytes: number | null;
    readonly zswapMaxBytes: number | null;
    readonly swappiness: number | null;
    readonly oomGroup: boolean | null;
    readonly oomKillDisable: boolean | null;
  };
  readonly pids: { readonly max: number | null };
  readonly hugetlb: readonly HugetlbLimit[];
  readonly io: {
    /** Docker's scale, 10 to 1000. */
    readonly weight: number | null;
    readonly weightDevices: readonly DeviceValue[];
    /** Bytes per second. */
    readonly readBps: readonly DeviceValue[];
    readonly writeBps: readonly DeviceValue[];
    /** Operations per second. */
    readonly readIops: readonly DeviceValue[];
    readonly writeIops: readonly DeviceValue[];
    readonly latencyUs: readonly DeviceValue[];
  };
  readonly network: {
    readonly classId: number | null;
    /** By the host's interface. */
    readonly priorities: Readonly<Record<string, number>>;
    /** Bits per second that each interface may send; 0: no limit. Set by the engine, by no cgroup. */
    readonly rateBits: number | null;
    readonly ceilBits: number | null;
    /** Of its sockets, SO_PRIORITY. */
    readonly priority: number | null;
  };
  readonly cgroup: {
    readonly maxDescendants: number | null;
    readonly maxDepth: number | null;
    /** Applied last, in their order. */
    readonly settings: readonly CgroupSetting[];
  };
}

/** One limit as asked for and as the kernel took it. */
export interface AppliedLimit {
  readonly knob: string;
  readonly requested: string;
  /** Absolute path of the file it was written to; empty when it was not. */
  readonly file: string;
  readonly written: string;
  /** Text that was read back. */
  readonly effective: string;
  /** What prevented the write; empty when it was written. */
  readonly problem: string;
}

/** No limit at all. */
export const noLimits: Resources = {
  cpu: {
    shares: null,
    weight: null,
    quotaUs: null,
    periodUs: null,
    burstUs: null,
    idle: null,
    realtimeRuntimeUs: null,
    realtimePeriodUs: null,
    cpusetCpus: null,
    cpusetMems: null,
    cpusetPartition: null,
  },
  memory: {
    maxBytes: null,
    memorySwapBytes: null,
    reservationBytes: null,
    lowBytes: null,
    minBytes: null,
    highBytes: null,
    swapHighBytes: null,
    zswapMaxBytes: null,
    swappiness: null,
    oomGroup: null,
    oomKillDisable: null,
  },
  pids: { max: null },
  hugetlb: [],
  io: {
    weight: null,
    weightDevices: [],
    readBps: [],
    writeBps: [],
    readIops: [],
    writeIops: [],
    latencyUs: [],
  },
  network: { classId: null, priorities: {}, rateBits: null, ceilBits: null, priority: null },
  cgroup: { maxDescendants: null, maxDepth: null, settings: [] },
};

/** Some limits, the others being none. */
export type LimitsPatch = {
  readonly [K in keyof Resources]?: Resources[K] extends readonly unknown[]
    ? Resources[K]
    : Partial<Resources[K]>;
};

/** The limits of `patch` and no others. Records of an older version lack the newer limits: this fills them in. */
export function completeLimits(patch: LimitsPatch): Resources {
  return {
    cpu: { ...noLimits.cpu, ...patch.cpu },
    memory: { ...noLimits.memory, ...patch.memory },
    pids: { ...noLimits.pids, ...patch.pids },
    hugetlb: patch.hugetlb ?? [],
    io: { ...noLimits.io, ...patch.io },
    network: { ...noLimits.network, ...patch.network },
    cgroup: { ...noLimits.cgroup, ...patch.cgroup },
  };
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

/** Who becomes idle has no share any more, and shares and a weight take each other's place. */
function takesShare({ cpu }: Resources): boolean {
  return cpu.idle === true || cpu.shares !== null || cpu.weight !== null;
}

function mergeSet<T extends object>(now: T, change: T): T {
  const set = Object.entries(change).filter(([, value]) => value !== null);
  return { ...now, ...Object.fromEntries(set) };
}

/** Entries of a key that the change names go, all of them; the change's come after. */
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
