import type { ContainerSample } from '../engine/stats/model.ts';

type Figures = NonNullable<ContainerSample['figures']>;
type Value = number | null | undefined;

/** Adds a line for a value; none for null. `more`: labels after those of the container, such as `,device="8:0"`. */
type Add = (value: Value, labels?: string) => void;

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly write: (figures: Figures, add: Add) => void;
}

type Read = (figures: Figures) => Value;

function family(type: Family['type'], name: string, help: string, read: Read): Family {
  return { name, type, help, write: (figures, add) => add(read(figures)) };
}

const counter = (name: string, help: string, read: Read) => family('counter', name, help, read);
const gauge = (name: string, help: string, read: Read) => family('gauge', name, help, read);

const seconds = (us: Value): Value => (us === null || us === undefined ? us : us / 1e6);

function deviceFamily(
  name: string,
  help: string,
  key: 'readBytes' | 'writeBytes' | 'readOps' | 'writeOps',
): Family {
  return {
    name,
    type: 'counter',
    help,
    write({ io }, add) {
      for (const device of io ?? []) add(device[key], `,device="${device.device}"`);
    },
  };
}

/** Interfaces are named inside the container, so their names may need escaping. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function trafficFamily(
  way: 'received' | 'sent',
  what: 'bytes' | 'packets' | 'errors' | 'dropped',
  end: string = what,
): Family {
  const word = way === 'received' ? 'receive' : 'transmit';
  return {
    name: `container_network_${word}_${end}_total`,
    type: 'counter',
    help: `What an interface has ${way}: ${what}.`,
    write({ network }, add) {
      for (const item of network ?? []) add(item[way][what], `,interface="${escaped(item.name)}"`);
    },
  };
}

const traffic: readonly Family[] = (['received', 'sent'] as const).flatMap((way) => [
  trafficFamily(way, 'bytes'),
  trafficFamily(way, 'packets'),
  trafficFamily(way, 'errors'),
  trafficFamily(way, 'dropped', 'packets_dropped'),
]);

const pressure: readonly Family[] = (['cpu', 'memory', 'io'] as const).flatMap((resource) => [
  counter(
    `container_pressure_${resource}_waiting_seconds_total`,
    `Time in which at least one task waited for ${resource}.`,
    (f) => seconds(f.pressure[resource]?.some.totalUs),
  ),
  counter(
    `container_pressure_${resource}_stalled_seconds_total`,
    `Time in which all tasks waited for ${resource} at once.`,
    (f) => seconds(f.pressure[resource]?.full?.totalUs),
  ),
]);

/** The metrics of each container, with cAdvisor's names where it has them. docs/metrics.md lists them. */
export const families: readonly Family[] = [
  counter('container_cpu_usage_seconds_total', 'CPU time.', (f) => seconds(f.cpu.usage?.usageUs)),
  counter('container_cpu_user_seconds_total', 'CPU time in user mode.', (f) => seconds(f.cpu.usage?.userUs)),
  counter('container_cpu_system_seconds_total', 'CPU time in the kernel.', (f) =>
    seconds(f.cpu.usage?.systemUs),
  ),
  counter('container_cpu_cfs_periods_total', 'Periods of the CPU quota.', (f) => f.cpu.throttling?.periods),
  counter(
    'container_cpu_cfs_throttled_periods_total',
    'Periods in which the CPU quota was used up.',
    (f) => f.cpu.throttling?.throttledPeriods,
  ),
  counter('container_cpu_cfs_throttled_seconds_total', 'Time held back by the CPU quota.', (f) =>
    seconds(f.cpu.throttling?.throttledUs),
  ),
  gauge('container_memory_usage_bytes', 'Memory in all, file cache too.', (f) => f.memory?.usageBytes),
  gauge(
    'container_memory_working_set_bytes',
    'Memory that cannot be dropped at once.',
    (f) => f.memory?.workingSetBytes,
  ),
  gauge('container_memory_rss', "Memory of processes that is no file's.", (f) => f.memory?.anonBytes),
  gauge('container_memory_cache', 'File cache, with tmpfs.', (f) => f.memory?.fileBytes),
  gauge('container_memory_kernel_usage', "The kernel's own memory.", (f) => f.memory?.kernelBytes),
  gauge('container_memory_swap', 'Memory in swap.', (f) => f.memory?.swapBytes),
  gauge('container_memory_max_usage_bytes', 'Greatest memory so far.', (f) => f.memory?.peakBytes),
  gauge(
    'container_spec_memory_limit_bytes',
    'Greatest memory allowed; no line without a limit.',
    (f) => f.memory?.limitBytes,
  ),
  counter(
    'container_oom_events_total',
    'Processes killed because memory ran out.',
    (f) => f.memory?.oomKills,
  ),
  gauge('container_threads', 'Processes and threads.', (f) => f.pids?.current),
  gauge(
    'container_threads_max',
    'Processes and threads allowed; no line without a limit.',
    (f) => f.pids?.limit,
  ),
  deviceFamily('container_fs_reads_bytes_total', 'Bytes read from a block device.', 'readBytes'),
  deviceFamily('container_fs_writes_bytes_total', 'Bytes written to a block device.', 'writeBytes'),
  deviceFamily('container_fs_reads_total', 'Reads from a block device.', 'readOps'),
  deviceFamily('container_fs_writes_total', 'Writes to a block device.', 'writeOps'),
  ...traffic,
  counter(
    'liker_container_egress_denied_total',
    'Names and packets that the egress policy has refused; no line without a policy.',
    (f) => f.egressDenied,
  ),
  {
    name: 'container_hugetlb_usage_bytes',
    type: 'gauge',
    help: 'Huge pages in use.',
    write({ hugetlb }, add) {
      for (const { usageBytes, pageSize } of hugetlb ?? []) add(usageBytes, `,pagesize="${pageSize}"`);
    },
  },
  ...pressure,
];
