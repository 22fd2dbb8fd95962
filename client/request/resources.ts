import { badArgument } from '../../common/errors.ts';
import { parseBitRate, parseBytes, parseCpus, parseDuration } from '../../common/units.ts';
import type { CgroupResourcesInput } from '../../proto/gen/types/liker/v1/CgroupResources.ts';
import type { CpuResourcesInput } from '../../proto/gen/types/liker/v1/CpuResources.ts';
import type { HugetlbResourcesInput } from '../../proto/gen/types/liker/v1/HugetlbResources.ts';
import type { IoDeviceValueInput } from '../../proto/gen/types/liker/v1/IoDeviceValue.ts';
import type { IoResourcesInput } from '../../proto/gen/types/liker/v1/IoResources.ts';
import type { MemoryResourcesInput } from '../../proto/gen/types/liker/v1/MemoryResources.ts';
import type { NetworkResourcesInput } from '../../proto/gen/types/liker/v1/NetworkResources.ts';
import type { ResourcesInput } from '../../proto/gen/types/liker/v1/Resources.ts';
import type { FlagValues } from '../cli/flag.ts';
import { defined } from './defined.ts';
import { splitPair } from './env.ts';
import { invalidFlag } from './invalid-flag.ts';

/** The limits from the flags; fields without a flag stay unset. Throws BAD_ARGUMENT. */
export function parseResources(flags: FlagValues): ResourcesInput {
  const pids = flags.int('pids-limit');
  return {
    cpu: parseCpu(flags),
    memory: parseMemory(flags),
    pids: pids === undefined ? null : { max: pids },
    hugetlb: parseHugetlb(flags),
    io: parseIo(flags),
    network: parseNetwork(flags),
    cgroup: parseCgroup(flags),
  };
}

function parseCpu(flags: FlagValues): CpuResourcesInput {
  const text = flags.text('cpus');
  // As in Docker, 0 means no limit: scripts pass it as a default.
  const cpus = text !== '' && Number(text) === 0 ? undefined : text;
  if (cpus !== undefined && (flags.int('cpu-quota') || flags.int('cpu-period'))) {
    throw badArgument(
      'cpus',
      'Cannot use --cpus together with --cpu-quota or --cpu-period: both set the quota; give one of them',
    );
  }
  const quota = cpus === undefined ? undefined : parseCpus(cpus, '--cpus');
  return defined({
    shares: count(flags, 'cpu-shares', 512),
    weight: count(flags, 'cpu-weight', 300),
    quotaUs: quota?.quotaUs ?? flags.int('cpu-quota'),
    periodUs: quota?.periodUs ?? count(flags, 'cpu-period', 100_000),
    burstUs: count(flags, 'cpu-burst', 20_000),
    idle: flag(flags, 'cpu-idle'),
    realtimeRuntimeUs: count(flags, 'cpu-rt-runtime', 50_000),
    realtimePeriodUs: count(flags, 'cpu-rt-period', 1_000_000),
    cpusetCpus: flags.text('cpuset-cpus'),
    cpusetMems: flags.text('cpuset-mems'),
    cpusetPartition: flags.text('cpuset-partition'),
  });
}

function parseMemory(flags: FlagValues): MemoryResourcesInput {
  return defined({
    maxBytes: bytes(flags, 'memory'),
    memorySwapBytes: bytes(flags, 'memory-swap'),
    reservationBytes: bytes(flags, 'memory-reservation'),
    lowBytes: bytes(flags, 'memory-low'),
    minBytes: bytes(flags, 'memory-min'),
    highBytes: bytes(flags, 'memory-high'),
    swapHighBytes: bytes(flags, 'memory-swap-high'),
    zswapMaxBytes: bytes(flags, 'memory-zswap-max'),
    // -1 is Docker's value for the kernel's default.
    swappiness: flags.text('memory-swappiness') === '-1' ? undefined : count(flags, 'memory-swappiness', 10),
    oomGroup: flag(flags, 'oom-group'),
    oomKillDisable: flag(flags, 'oom-kill-disable'),
  });
}

/** Merges both limits of a page size into one entry. */
function parseHugetlb(flags: FlagValues): HugetlbResourcesInput[] {
  const sizes = new Map<string, HugetlbResourcesInput>();
  for (const [name, key] of [
    ['hugetlb-limit', 'maxBytes'],
    ['hugetlb-reservation', 'reservationBytes'],
  ] as const) {
    for (const item of flags.list(name)) {
      const [pageSize, text] = splitPair(item, name);
      if (text === '') throw invalidFlag(name, item, 'use SIZE=BYTES, such as 2MB=64m');
      parseBytes(pageSize, `--${name}`);
      const limit = parseBytes(text, `--${name}`, { allowUnlimited: true });
      sizes.set(pageSize, { ...sizes.get(pageSize), pageSize, [key]: limit });
    }
  }
  return [...sizes.values()];
}

function parseIo(flags: FlagValues): IoResourcesInput {
  const rates = (name: string) =>
    devices(flags, name, '/dev/vda:1mb', (text) => parseBytes(text, `--${name}`));
  const counts = (name: string) => devices(flags, name, '/dev/vda:100', (text) => number(text, name, 100));
  return {
    ...defined({ weight: count(flags, 'blkio-weight', 500) }),
    weightDevices: counts('blkio-weight-device'),
    readBps: rates('device-read-bps'),
    writeBps: rates('device-write-bps'),
    readIops: counts('device-read-iops'),
    writeIops: counts('device-write-iops'),
    latencyUs: devices(flags, 'io-latency', '/dev/vda:10ms', (text) =>
      Math.round(parseDuration(text, '--io-latency') * 1000),
    ),
  };
}

/** Parses DEVICE:VALUE. The device may be MAJOR:MINOR, such as 254:0. */
function devices(
  flags: FlagValues,
  name: string,
  example: string,
  parse: (text: string) => number,
): IoDeviceValueInput[] {
  return flags.list(name).map((item) => {
    const [, device, value] = /^(\/.+|\d+:\d+):([^:]+)$/.exec(item) ?? [];
    if (device === undefined || value === undefined) {
      throw invalidFlag(name, item, `use DEVICE:VALUE, such as ${example}`);
    }
    return { device, value: parse(value) };
  });
}

function parseNetwork(flags: FlagValues): NetworkResourcesInput {
  const priorities = flags.list('net-prio').map((item) => {
    const [name, value] = splitPair(item, 'net-prio');
    return [name, number(value, 'net-prio', 5)];
  });
  const classId = flags.text('net-cls-classid');
  return {
    ...defined({
      classId: classId === undefined ? undefined : parseClassId(classId),
      rateBits: bitRate(flags, 'net-rate'),
      ceilBits: bitRate(flags, 'net-ceil'),
      priority: count(flags, 'net-priority', 6),
    }),
    priorities: Object.fromEntries(priorities) as Record<string, number>,
  };
}

/** Parses MAJOR:MINOR in hexadecimal, as tc(8) writes it, or one number such as 0x100001. */
function parseClassId(text: string): number {
  const [, major, minor] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text) ?? [];
  if (major !== undefined && minor !== undefined) {
    return Number.parseInt(major, 16) * 0x10000 + Number.parseInt(minor, 16);
  }
  if (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return Number(text);
  throw invalidFlag('net-cls-classid', text, 'use MAJOR:MINOR as tc does, such as 10:1');
}

function parseCgroup(flags: FlagValues): CgroupResourcesInput {
  return {
    ...defined({
      maxDescendants: flags.int('cgroup-max-descendants'),
      maxDepth: flags.int('cgroup-max-depth'),
    }),
    settings: flags.list('cgroup-conf').map((item) => {
      const [file, value] = splitPair(item, 'cgroup-conf');
      if (value === '') {
        throw invalidFlag('cgroup-conf', item, 'use FILE=VALUE, such as memory.high=64M');
      }
      return { file, value };
    }),
  };
}

function bytes(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : parseBytes(text, `--${name}`, { allowUnlimited: true });
}

function bitRate(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : parseBitRate(text, `--${name}`);
}

function flag(flags: FlagValues, name: string): boolean | undefined {
  return flags.has(name) ? flags.bool(name) : undefined;
}

/** An unsigned number; undefined if the flag was not given. */
function count(flags: FlagValues, name: string, example: number): number | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : number(text, name, example);
}

function number(text: string, name: string, example: number): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidFlag(name, text, `give a whole number, such as ${example}`);
}
