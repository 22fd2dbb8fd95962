import type { ContainerStatsInput } from '../../../proto/gen/types/liker/v1/ContainerStats.ts';
import type { ResourcePressureInput } from '../../../proto/gen/types/liker/v1/ResourcePressure.ts';
import type { StatsSnapshotInput } from '../../../proto/gen/types/liker/v1/StatsSnapshot.ts';
import type { ContainerSample, StatsSnapshot } from '../../engine/api.ts';
import { containerStates } from './container.ts';
import { timestampOfMs } from './time.ts';

export function formatSnapshot(snapshot: StatsSnapshot): StatsSnapshotInput {
  return {
    ...snapshot,
    time: timestampOfMs(snapshot.time),
    containers: snapshot.containers.map(formatSample),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], null> };

/** Without what is null: what the machine cannot tell is not on the wire. */
function present<T extends object>(fields: T): Present<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== null) kept[key] = fields[key];
  return kept as Present<T>;
}

function formatSample({ id, name, state, figures, cpuPercent }: ContainerSample): ContainerStatsInput {
  const head = { id, name, state: containerStates[state] };
  if (figures === null) return head;
  const { cpu, memory, pids, io, network, hugetlb, pressure } = figures;
  return {
    ...head,
    cpu: present({ ...(cpu.usage && present(cpu.usage)), percent: cpuPercent, throttling: cpu.throttling }),
    ...present({
      memory: memory && present(memory),
      pids: pids && present(pids),
      io: io && { devices: [...io] },
      network: network && { interfaces: [...network] },
      hugetlb: hugetlb && { sizes: hugetlb.map(present) },
      pressure: present({
        cpu: formatPressure(pressure.cpu),
        memory: formatPressure(pressure.memory),
        io: formatPressure(pressure.io),
      }),
    }),
  };
}

function formatPressure(
  pressure: NonNullable<ContainerSample['figures']>['pressure']['cpu'],
): ResourcePressureInput | null {
  return pressure && present(pressure);
}
