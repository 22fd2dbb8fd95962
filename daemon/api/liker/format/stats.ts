import { encodeFields } from '../../../../common/wire.ts';
import type { ContainerStatsInput } from '../../../../proto/gen/types/liker/v1/ContainerStats.ts';
import type { ContainerSample, StatsSnapshot } from '../../../engine/stats/model.ts';
import { Slices } from '../../../loop/turns.ts';
import { encoded } from '../../wire/encoded.ts';
import { snapshotEncoder, stateNumbers } from '../definitions.ts';
import { containerStates } from './container.ts';
import { timestampOfMs } from './time.ts';
import { withoutNulls } from './without-nulls.ts';

/** GetStatsResponse.snapshot and StreamStatsResponse.snapshot. */
const snapshotField = 1;

/** The response with a snapshot, of GetStats and of StreamStats. */
export async function statsResponse<Response extends object>(snapshot: StatsSnapshot): Promise<Response> {
  const { time, cpus, memoryBytes, containers } = snapshot;
  // What encodings of a message have in a row is one message with the containers of all.
  const parts = [snapshotEncoder.encode({ time: timestampOfMs(time), cpus, memoryBytes }).finish()];
  const slices = new Slices();
  for (const sample of containers) {
    if (slices.over) await slices.next();
    parts.push(snapshotEncoder.encode({ containers: [formatSample(sample)] }).finish());
  }
  return encoded(encodeFields([snapshotField, Buffer.concat(parts)]));
}

function formatSample({ id, name, state, figures, cpuPercent }: ContainerSample): ContainerStatsInput {
  const head = { id, name, state: stateNumbers[containerStates[state]] };
  if (figures === null) return head;
  const { cpu, memory, pids, io, network, egressDenied, hugetlb, pressure } = figures;
  return {
    ...head,
    ...withoutNulls({
      cpu: { ...cpu.usage, percent: cpuPercent, throttling: cpu.throttling },
      memory,
      pids,
      io: io && { devices: io },
      network: network && { interfaces: network, ...withoutNulls({ egressDenied }) },
      hugetlb: hugetlb && { sizes: hugetlb },
      pressure,
    }),
  };
}
