import { limitsOf, type Resources } from '../../../engine/containers/model/resources.ts';
import type { AskedLimits } from './create-body.ts';

/** Docker's period of a quota of CPUs, in microseconds. */
const periodUs = 100_000;

/** 0 and an empty text are no limit, as in Docker. */
export function parseLimits(asked: AskedLimits): Resources {
  const cpus = asked.NanoCpus > 0;
  return limitsOf({
    cpu: {
      shares: given(asked.CpuShares),
      quotaUs: cpus ? Math.round((asked.NanoCpus * periodUs) / 1e9) : given(asked.CpuQuota),
      periodUs: cpus ? periodUs : given(asked.CpuPeriod),
      realtimePeriodUs: given(asked.CpuRealtimePeriod),
      realtimeRuntimeUs: given(asked.CpuRealtimeRuntime),
      cpusetCpus: asked.CpusetCpus || null,
      cpusetMems: asked.CpusetMems || null,
    },
    memory: {
      maxBytes: given(asked.Memory),
      memorySwapBytes: given(asked.MemorySwap),
      reservationBytes: given(asked.MemoryReservation),
      swappiness: (asked.MemorySwappiness ?? -1) < 0 ? null : asked.MemorySwappiness,
      oomKillDisable: asked.OomKillDisable || null,
    },
    pids: { max: given(asked.PidsLimit ?? 0) },
    io: {
      weight: given(asked.BlkioWeight),
      weightDevices: values(asked.BlkioWeightDevice, 'Weight'),
      readBps: values(asked.BlkioDeviceReadBps, 'Rate'),
      writeBps: values(asked.BlkioDeviceWriteBps, 'Rate'),
      readIops: values(asked.BlkioDeviceReadIOps, 'Rate'),
      writeIops: values(asked.BlkioDeviceWriteIOps, 'Rate'),
    },
  });
}

function given(value: number): number | null {
  return value === 0 ? null : value;
}

function values(items: AskedLimits['BlkioWeightDevice'], key: string) {
  return items.map((item) => ({ device: String(item['Path']), value: Number(item[key]) }));
}
