import { cpus } from 'node:os';
import type { ContainerSample, StatsSnapshot } from '../../../engine/stats/model.ts';
import type { Door } from '../door.ts';
import { never, timeText } from '../format/time.ts';
import { type Answer, lines } from '../http/answer.ts';
import { beginFully } from '../http/begin.ts';
import { type Call, flagOf, nameOf } from '../http/call.ts';

const everyMs = 1000;

export async function containerStats({ engine }: Door, call: Call): Promise<Answer> {
  const { id } = await engine.containers.get(nameOf(call), { withSize: false });
  const isStreamed = flagOf(call, 'stream', true);
  const isOneShot = flagOf(call, 'one-shot');
  const watched = engine.stats.watch({ containers: [id], all: true, intervalMs: everyMs }, call.signal);
  // Usage of CPUs is the difference of two readings.
  const wanted = isStreamed ? Number.POSITIVE_INFINITY : isOneShot ? 1 : 2;
  return lines(records(await beginFully(watched), { wanted, isStreamed }));
}

interface Reading {
  readonly time: string;
  readonly cpu: object;
}

const noReading: Reading = {
  time: never,
  cpu: {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  },
};

async function* records(
  snapshots: AsyncIterable<StatsSnapshot>,
  { wanted, isStreamed }: { readonly wanted: number; readonly isStreamed: boolean },
): AsyncIterable<object> {
  let before = noReading;
  let count = 0;
  for await (const snapshot of snapshots) {
    const [sample] = snapshot.containers;
    if (sample === undefined) return;
    const now = readingOf(sample, snapshot);
    count += 1;
    const isOver = count === wanted || (!isStreamed && sample.figures === null);
    if (isStreamed || isOver) yield record(sample, snapshot, now, before);
    if (isOver) return;
    before = now;
  }
}

/** Time is in nanoseconds. Of a container that does not run there is nothing to read. */
function readingOf({ figures }: ContainerSample, { time, cpus: count }: StatsSnapshot): Reading {
  if (figures === null) return noReading;
  const { usage, throttling } = figures.cpu;
  return {
    time: timeText(time),
    cpu: {
      cpu_usage: {
        total_usage: (usage?.usageUs ?? 0) * 1000,
        usage_in_kernelmode: (usage?.systemUs ?? 0) * 1000,
        usage_in_usermode: (usage?.userUs ?? 0) * 1000,
      },
      system_cpu_usage: systemNs(),
      online_cpus: count,
      throttling_data: {
        periods: throttling?.periods ?? 0,
        throttled_periods: throttling?.throttledPeriods ?? 0,
        throttled_time: (throttling?.throttledUs ?? 0) * 1000,
      },
    },
  };
}

/** Of all CPUs, since the machine started. */
function systemNs(): number {
  return (
    cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.idle + times.irq, 0) *
    1e6
  );
}

function record(
  { id, name, figures }: ContainerSample,
  { memoryBytes }: StatsSnapshot,
  now: Reading,
  before: Reading,
): object {
  const { memory = null, pids = null, io = null, network = null } = figures ?? {};
  return {
    read: now.time,
    preread: before.time,
    id,
    name: `/${name}`,
    os_type: 'linux',
    num_procs: 0,
    pids_stats: pids ? { current: pids.current, ...(pids.limit !== null && { limit: pids.limit }) } : {},
    cpu_stats: now.cpu,
    precpu_stats: before.cpu,
    memory_stats: memory
      ? {
          usage: memory.usageBytes,
          limit: memory.limitBytes ?? memoryBytes,
          ...(memory.peakBytes !== null && { max_usage: memory.peakBytes }),
          stats: {
            anon: memory.anonBytes ?? 0,
            file: memory.fileBytes ?? 0,
            inactive_file: memory.inactiveFileBytes ?? 0,
            total_inactive_file: memory.inactiveFileBytes ?? 0,
          },
        }
      : {},
    blkio_stats: {
      io_service_bytes_recursive: (io ?? []).flatMap(({ device, readBytes, writeBytes }) => {
        const [major, minor] = device.split(':').map(Number);
        return [
          { major, minor, op: 'read', value: readBytes },
          { major, minor, op: 'write', value: writeBytes },
        ];
      }),
      ...{ io_serviced_recursive: null, io_queue_recursive: null, io_service_time_recursive: null },
      ...{
        io_wait_time_recursive: null,
        io_merged_recursive: null,
        io_time_recursive: null,
        sectors_recursive: null,
      },
    },
    storage_stats: {},
    ...(network && {
      networks: Object.fromEntries(
        network
          .filter((one) => one.name !== 'lo')
          .map(({ name: face, received, sent }) => [
            face,
            {
              ...{ rx_bytes: received.bytes, rx_packets: received.packets },
              ...{ rx_errors: received.errors, rx_dropped: received.dropped },
              ...{ tx_bytes: sent.bytes, tx_packets: sent.packets },
              ...{ tx_errors: sent.errors, tx_dropped: sent.dropped },
            },
          ]),
      ),
    }),
  };
}
