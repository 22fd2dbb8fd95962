import { readOptional, writeText } from '../files.ts';
import { asText, fieldOf, type Knob, type KnobSide, lineOf, oneFile, requireWithin } from '../knobs.ts';
import type { DeviceValue, Resources } from '../resources.ts';
import { blockDevice } from './block-device.ts';

const weightRange = [10, 1000] as const;

/** v2's io.weight (1 to 10000) for Docker's blkio weight (10 to 1000), by crun's manual; bfq takes it unchanged. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function defaultWeight(file: string, convert: (weight: number) => number): KnobSide {
  const value = ({ io }: Resources): string => `default ${convert(io.weight ?? weightRange[0])}`;
  return {
    file,
    writes: (resources) => [{ file, value: value(resources), part: lineOf('default', 'default 100') }],
  };
}

const same = (weight: number): number => weight;

const weight: Knob = {
  name: 'io.weight',
  controller: 'io',
  requested: ({ io }) => asText(io.weight),
  v1: [oneFile('blkio.weight', ({ io }) => io.weight), oneFile('blkio.bfq.weight', ({ io }) => io.weight)],
  v2: [defaultWeight('io.bfq.weight', same), defaultWeight('io.weight', ioWeight)],
  check: ({ io }) => requireWithin('io.weight', io.weight, weightRange),
};

/** The files of one kind of limit on a device, and what is written beside MAJOR:MINOR. */
interface DeviceLimit {
  readonly name: string;
  readonly key: Exclude<keyof Resources['io'], 'weight'>;
  readonly range: readonly [number, number];
  readonly v1: readonly DeviceFile[];
  readonly v2: readonly DeviceFile[];
}

interface DeviceFile {
  readonly file: string;
  readonly text: (value: number) => string;
  /** Text of no limit. */
  readonly reset: string;
}

const plain = (file: string, reset = '0'): DeviceFile => ({ file, text: String, reset });
const named = (file: string, name: string): DeviceFile => ({
  file,
  // 0 is Docker's word for no limit.
  text: (value) => `${name}=${value === 0 ? 'max' : value}`,
  reset: `${name}=max`,
});

const rate = [0, Number.MAX_SAFE_INTEGER] as const;
const deviceLimits: readonly DeviceLimit[] = [
  {
    name: 'weight_devices',
    key: 'weightDevices',
    range: weightRange,
    v1: [plain('blkio.weight_device'), plain('blkio.bfq.weight_device', 'default')],
    v2: [
      plain('io.bfq.weight', 'default'),
      { ...plain('io.weight', 'default'), text: (value) => String(ioWeight(value)) },
    ],
  },
  {
    name: 'read_bps',
    key: 'readBps',
    range: rate,
    v1: [plain('blkio.throttle.read_bps_device')],
    v2: [named('io.max', 'rbps')],
  },
  {
    name: 'write_bps',
    key: 'writeBps',
    range: rate,
    v1: [plain('blkio.throttle.write_bps_device')],
    v2: [named('io.max', 'wbps')],
  },
  {
    name: 'read_iops',
    key: 'readIops',
    range: [0, 2 ** 32 - 1],
    v1: [plain('blkio.throttle.read_iops_device')],
    v2: [named('io.max', 'riops')],
  },
  {
    name: 'write_iops',
    key: 'writeIops',
    range: [0, 2 ** 32 - 1],
    v1: [plain('blkio.throttle.write_iops_device')],
    v2: [named('io.max', 'wiops')],
  },
  {
    name: 'latency_us',
    key: 'latencyUs',
    range: rate,
    v1: [],
    v2: [named('io.latency', 'target')],
  },
];

function deviceKnob(limit: DeviceLimit, index: number): Knob {
  const name = `io.${limit.name}`;
  const of = ({ io }: Resources): DeviceValue | undefined => io[limit.key][index];
  const side = ({ file, text, reset }: DeviceFile): KnobSide => ({
    file,
    writes(resources) {
      const { device, value } = of(resources) ?? { device: '', value: 0 };
      const number = blockDevice(device, fieldOf(name));
      const part = lineOf(number, `${number} ${reset}`, `${number} ${limit.name}`);
      return [{ file, value: `${number} ${text(value)}`, part }];
    },
  });
  return {
    name,
    controller: 'io',
    requested(resources) {
      const item = of(resources);
      return item === undefined ? null : `${item.device} ${item.value}`;
    },
    v1: limit.v1.length === 0 ? null : limit.v1.map(side),
    v2: limit.v2.map(side),
    check(resources) {
      const item = of(resources);
      if (item === undefined) return;
      requireWithin(name, item.value, limit.range);
      blockDevice(item.device, fieldOf(name));
    },
  };
}

const throttles = deviceLimits.flatMap(({ v1 }) => v1.filter(({ file }) => file.includes('.throttle.')));

/**
 * Lets a container that is killed end as fast as it can: its last process unmounts its root, and with it writes out
 * what may be a lot of others' data, which a limit would make last for minutes.
 */
export function liftThrottles(folder: string, version: 1 | 2): void {
  const files =
    version === 1
      ? throttles.map(({ file }) => [file, '0'] as const)
      : [['io.max', 'rbps=max wbps=max riops=max wiops=max'] as const];
  for (const [file, free] of files) {
    const lines = readOptional(`${folder}/${file}`)?.split('\n') ?? [];
    for (const line of lines.filter((text) => text !== '')) {
      writeText(`${folder}/${file}`, `${line.split(' ')[0]} ${free}`);
    }
  }
}

/** Block IO: the weight, and each limit on a device that is asked for. */
export function ioKnobs({ io }: Resources): Knob[] {
  return [
    weight,
    ...deviceLimits.flatMap((limit) => io[limit.key].map((_, index) => deviceKnob(limit, index))),
  ];
}
