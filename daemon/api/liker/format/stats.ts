import protobuf from 'protobufjs/minimal.js';
import * as codecs from '../../../../proto/gen/daemon-codecs.ts';
import type { ContainerStateInput } from '../../../../proto/gen/types/liker/v1/ContainerState.ts';
import type { ContainerStatsInput } from '../../../../proto/gen/types/liker/v1/ContainerStats.ts';
import type { ResourcePressureInput } from '../../../../proto/gen/types/liker/v1/ResourcePressure.ts';
import type { StatsSnapshotInput } from '../../../../proto/gen/types/liker/v1/StatsSnapshot.ts';
import type { ContainerSample, StatsSnapshot } from '../../../engine/stats/model.ts';
import { Slices } from '../../../loop/turns.ts';
import { encoded } from '../../wire/encoded.ts';
import { containerStates } from './container.ts';
import { timestampOfMs } from './time.ts';

interface Encoder<Message> {
  encode(message: Message, writer?: protobuf.Writer): protobuf.Writer;
}

const sampleEncoder = codecs.ContainerStats as unknown as Encoder<ContainerStatsInput>;
const snapshotEncoder = codecs.StatsSnapshot as unknown as Encoder<StatsSnapshotInput>;
const stateNumbers = codecs.ContainerState as Readonly<Record<ContainerStateName, ContainerStateNumber>>;

type ContainerStateName = Extract<ContainerStateInput, string>;
type ContainerStateNumber = Extract<ContainerStateInput, number>;

/** Field 1 of the responses is the snapshot, field 4 of that the containers; both with a length before them. */
const snapshotTag = (1 << 3) | 2;
const containersTag = (4 << 3) | 2;

/** The response with a snapshot, of GetStats and of StreamStats. */
export async function statsResponse<Response extends object>(snapshot: StatsSnapshot): Promise<Response> {
  const { time, cpus, memoryBytes, containers } = snapshot;
  const parts: Uint8Array[] = [];
  const slices = new Slices();
  for (const sample of containers) {
    if (slices.over) await slices.next();
    parts.push(sampleEncoder.encode(formatSample(sample)).finish());
  }
  const writer = protobuf.Writer.create().uint32(snapshotTag).fork();
  snapshotEncoder.encode({ time: timestampOfMs(time), cpus, memoryBytes }, writer);
  for (const part of parts) writer.uint32(containersTag).bytes(part);
  return encoded(writer.ldelim().finish());
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], null> };

/** Without what is null: what the machine cannot tell is not on the wire. */
function present<T extends object>(fields: T): Present<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== null) kept[key] = fields[key];
  return kept as Present<T>;
}

function formatSample({ id, name, state, figures, cpuPercent }: ContainerSample): ContainerStatsInput {
  const head = { id, name, state: stateNumbers[containerStates[state]] };
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
