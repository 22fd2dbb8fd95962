import { badArgument } from '../../../../common/errors.ts';
import { parseCpuList } from '../../../../common/units.ts';
import type { CgroupResources } from '../../../../proto/gen/types/liker/v1/CgroupResources.ts';
import type { CpuResources } from '../../../../proto/gen/types/liker/v1/CpuResources.ts';
import type { HugetlbResources } from '../../../../proto/gen/types/liker/v1/HugetlbResources.ts';
import type { IoDeviceValue } from '../../../../proto/gen/types/liker/v1/IoDeviceValue.ts';
import type { IoResources } from '../../../../proto/gen/types/liker/v1/IoResources.ts';
import type { MemoryResources } from '../../../../proto/gen/types/liker/v1/MemoryResources.ts';
import type { NetworkResources } from '../../../../proto/gen/types/liker/v1/NetworkResources.ts';
import type { PidsResources } from '../../../../proto/gen/types/liker/v1/PidsResources.ts';
import type { Resources as ProtoResources } from '../../../../proto/gen/types/liker/v1/Resources.ts';
import type { Resources } from '../../../engine/containers/model/resources.ts';
import { parsePageSize } from './page-size.ts';
import { byteLimit, ifSet, inRange, limit, noNul, oneOf, required } from './text.ts';

/** Docker's least: with less, hardly anything starts. */
const leastMemoryBytes = 6 * 1024 * 1024;
const most = Number.MAX_SAFE_INTEGER;
const most32 = 2 ** 32 - 1;

/** The whole of a container's limits, or the change of some (`isChange`), whose rest is the container's own. */
export function parseResources(
  resources: ProtoResources | null,
  field: string,
  { isChange = false }: { isChange?: boolean } = {},
): Resources {
  const memory = parseMemory(resources?.memory ?? null, `${field}.memory`);
  if (!isChange) checkSwap(memory, `${field}.memory.memory_swap_bytes`);
  return {
    cpu: parseCpu(resources?.cpu ?? null, `${field}.cpu`),
    memory,
    pids: parsePids(resources?.pids ?? null, `${field}.pids`),
    hugetlb: parseHugetlb(resources?.hugetlb ?? [], `${field}.hugetlb`),
    io: parseIo(resources?.io ?? null, `${field}.io`),
    network: parseNetwork(resources?.network ?? null, `${field}.network`),
    cgroup: parseCgroup(resources?.cgroup ?? null, `${field}.cgroup`),
  };
}

/** As ifSet, but 0 and the empty text count as unset, as in Docker, whose clients send them for limits that nobody asked for. */
function ifGiven<T extends number | string>(value: T | undefined, check: (value: T) => T): T | null {
  return value === 0 || value === '' ? null : ifSet(value, check);
}

function parseCpu(cpu: CpuResources | null, field: string): Resources['cpu'] {
  const within = (
    value: number | undefined,
    range: readonly [least: number, greatest: number, example: number],
    name: string,
  ) => ifGiven(value, (set) => inRange(set, range[0], range[1], `${field}.${name}`, range[2]));
  const list = (name: string) => (text: string) => {
    parseCpuList(text, `${field}.${name}`);
    return text;
  };
  const partitions = { member: 'member', root: 'root', isolated: 'isolated' };
  return {
    shares: within(cpu?.shares, [2, 262_144, 512], 'shares'),
    weight: within(cpu?.weight, [1, 10_000, 300], 'weight'),
    quotaUs: ifGiven(cpu?.quotaUs, (value) => limit(value, 1000, `${field}.quota_us`, 50_000)),
    periodUs: within(cpu?.periodUs, [1000, 1_000_000, 100_000], 'period_us'),
    // 0 removes what was set.
    burstUs: ifSet(cpu?.burstUs, (value) => inRange(value, 0, 1e12, `${field}.burst_us`, 20_000)),
    idle: cpu?.idle ?? null,
    realtimeRuntimeUs: within(cpu?.realtimeRuntimeUs, [1, 60_000_000, 50_000], 'realtime_runtime_us'),
    realtimePeriodUs: within(cpu?.realtimePeriodUs, [1000, 60_000_000, 1_000_000], 'realtime_period_us'),
    cpusetCpus: ifGiven(cpu?.cpusetCpus, list('cpuset_cpus')),
    cpusetMems: ifGiven(cpu?.cpusetMems, list('cpuset_mems')),
    cpusetPartition: ifGiven(cpu?.cpusetPartition, (word) =>
      oneOf(partitions, word, `${field}.cpuset_partition`),
    ),
  };
}

function parseMemory(memory: MemoryResources | null, field: string): Resources['memory'] {
  const bytes = (value: number | undefined, least: number, name: string) =>
    ifSet(value, (set) => byteLimit(set, least, `${field}.${name}`));
  const unless0 = (value: number | undefined, least: number, name: string) =>
    value === 0 ? null : bytes(value, least, name);
  return {
    maxBytes: unless0(memory?.maxBytes, leastMemoryBytes, 'max_bytes'),
    memorySwapBytes: unless0(memory?.memorySwapBytes, 1, 'memory_swap_bytes'),
    reservationBytes: unless0(memory?.reservationBytes, 1, 'reservation_bytes'),
    lowBytes: bytes(memory?.lowBytes, 0, 'low_bytes'),
    minBytes: bytes(memory?.minBytes, 0, 'min_bytes'),
    highBytes: unless0(memory?.highBytes, 4096, 'high_bytes'),
    swapHighBytes: bytes(memory?.swapHighBytes, 0, 'swap_high_bytes'),
    zswapMaxBytes: bytes(memory?.zswapMaxBytes, 0, 'zswap_max_bytes'),
    swappiness: ifSet(memory?.swappiness, (value) => inRange(value, 0, 100, `${field}.swappiness`, 10)),
    oomGroup: memory?.oomGroup ?? null,
    oomKillDisable: memory?.oomKillDisable ?? null,
  };
}

function checkSwap({ maxBytes, memorySwapBytes }: Resources['memory'], field: string): void {
  if (memorySwapBytes === null || memorySwapBytes === -1) return;
  if (maxBytes === null || maxBytes === -1) {
    throw badArgument(field, `Invalid ${field}: it needs a limit of memory as well`);
  }
  if (memorySwapBytes >= maxBytes) return;
  throw badArgument(
    field,
    `Invalid ${field} ${memorySwapBytes}: it is memory plus swap, so at least the limit of memory, ${maxBytes}`,
  );
}

/** The kernel's pids.max ends at PID_MAX_LIMIT. */
function parsePids(pids: PidsResources | null, field: string): Resources['pids'] {
  const check = (value: number): number =>
    value === -1 || value === 0
      ? -1
      : inRange(value, 1, 4_194_304, `${field}.max`, '100, or -1 for no limit');
  return { max: ifSet(pids?.max, check) };
}

function parseHugetlb(limits: readonly HugetlbResources[], field: string): Resources['hugetlb'] {
  const parsed = limits.map((item, index) => {
    const path = `${field}[${index}]`;
    return {
      pageSize: parsePageSize(item.pageSize, `${path}.page_size`),
      maxBytes: ifSet(item.maxBytes, (value) => byteLimit(value, 0, `${path}.max_bytes`)),
      reservationBytes: ifSet(item.reservationBytes, (value) =>
        byteLimit(value, 0, `${path}.reservation_bytes`),
      ),
    };
  });
  unique(
    parsed.map(({ pageSize }) => pageSize),
    field,
  );
  return parsed;
}

function parseIo(io: IoResources | null, field: string): Resources['io'] {
  const devices = (
    items: readonly IoDeviceValue[] | undefined,
    name: string,
    range: readonly [number, number] = [0, most],
  ) => {
    const parsed = (items ?? []).map(({ device, value }, index) => {
      const path = `${field}.${name}[${index}]`;
      return {
        device: parseDevice(device, `${path}.device`),
        value: inRange(value, ...range, `${path}.value`, 100),
      };
    });
    unique(
      parsed.map(({ device }) => device),
      `${field}.${name}`,
    );
    return parsed;
  };
  return {
    weight: ifGiven(io?.weight, (value) => inRange(value, 10, 1000, `${field}.weight`, 500)),
    weightDevices: devices(
      io?.weightDevices.filter(({ value }) => value !== 0),
      'weight_devices',
      [10, 1000],
    ),
    readBps: devices(io?.readBps, 'read_bps'),
    writeBps: devices(io?.writeBps, 'write_bps'),
    readIops: devices(io?.readIops, 'read_iops', [0, most32]),
    writeIops: devices(io?.writeIops, 'write_iops', [0, most32]),
    latencyUs: devices(io?.latencyUs, 'latency_us'),
  };
}

function parseDevice(device: string, field: string): string {
  if (/^(\/.*|\d{1,9}:\d{1,9})$/.test(required(device, field))) return device;
  throw badArgument(field, `Invalid ${field} '${device}': give a node such as /dev/vda, or 254:0`);
}

function parseNetwork(network: NetworkResources | null, field: string): Resources['network'] {
  const priorities = Object.entries(network?.priorities ?? {}).map(([name, value]) => {
    // dev_valid_name of the kernel.
    if (!/^[^\s/:]{1,15}$/.test(name) || name === '.' || name === '..') {
      throw badArgument(`${field}.priorities`, `Invalid interface '${name}' in ${field}.priorities`);
    }
    return [name, inRange(value, 0, most32, `${field}.priorities.${name}`, 5)];
  });
  const bits = (value: number | undefined, name: string) =>
    ifSet(value, (set) =>
      set === 0 ? 0 : inRange(set, 1000, 1e15, `${field}.${name}`, '10000000, or 0 for no limit'),
    );
  return {
    rateBits: bits(network?.rateBits, 'rate_bits'),
    ceilBits: bits(network?.ceilBits, 'ceil_bits'),
    priority: ifSet(network?.priority, (value) => inRange(value, 0, 7, `${field}.priority`, 6)),
    classId: ifSet(network?.classId, (value) => inRange(value, 0, most32, `${field}.class_id`)),
    priorities: Object.fromEntries(priorities) as Record<string, number>,
  };
}

function parseCgroup(cgroup: CgroupResources | null, field: string): Resources['cgroup'] {
  const bound = (value: number | undefined, name: string) =>
    ifSet(value, (set) => limit(set, 0, `${field}.${name}`, 5));
  return {
    maxDescendants: bound(cgroup?.maxDescendants, 'max_descendants'),
    maxDepth: bound(cgroup?.maxDepth, 'max_depth'),
    settings: (cgroup?.settings ?? []).map(({ file, value }, index) => ({
      file: required(file, `${field}.settings[${index}].file`),
      value: noNul(value, `${field}.settings[${index}].value`),
    })),
  };
}

function unique(names: readonly string[], field: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badArgument(field, `Invalid ${field}: '${twice}' is in it twice`);
}
