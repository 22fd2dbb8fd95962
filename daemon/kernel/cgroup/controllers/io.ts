import { checkRange, type Range } from '../../../../common/checks.ts';
import { invalid } from '../../../../common/errors.ts';
import { readOptional, writeText } from '../files.ts';
import { type Knob, type KnobSide, lineOf, oneFile, wholeNumber } from '../knobs.ts';
import type { DeviceValue, Resources } from '../resources.ts';
import { blockDevice } from './block-device.ts';

const weightRange = [10, 1000, 500] as const;

/** v2's io.weight (1 to 10000) for Docker's blkio weight (10 to 1000), as in crun's manual; bfq uses it unchanged. */
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
  ...wholeNumber(({ io }) => io.weight, weightRange),
  v1: [oneFile('blkio.weight', ({ io }) => io.weight), oneFile('blkio.bfq.weight', ({ io }) => io.weight)],
  v2: [defaultWeight('io.bfq.weight', same), defaultWeight('io.weight', ioWeight)],
};

/** The files of one kind of limit for a device, and what is written after MAJOR:MINOR. */
interface DeviceLimit {
  readonly name: string;
  readonly key: Exclude<keyof Resources['io'], 'weight'>;
  readonly range: Range;
  readonly v1: readonly DeviceFile[];
  readonly v2: readonly DeviceFile[];
}

interface DeviceFile {
  readonly file: string;
  readonly text: (value: number) => string;
  /** The text for no limit. */
  readonly reset: string;
}

const plain = (file: string, reset = '0'): DeviceFile => ({ file, text: String, reset });
const named = (file: string, name: string): DeviceFile => ({
  file,
  // For Docker 0 is no limit.
  text: (value) => `${name}=${value === 0 ? 'max' : value}`,
  reset: `${name}=max`,
});

const rate: Range = [0, Number.MAX_SAFE_INTEGER, 100];
const rate32: Range = [0, 2 ** 32 - 1, 100];

function throttle(name: string, key: DeviceLimit['key'], range: Range, word: string): DeviceLimit {
  return { name, key, range, v1: [plain(`blkio.throttle.${name}_device`)], v2: [named('io.max', word)] };
}

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
  throttle('read_bps', 'readBps', rate, 'rbps'),
  throttle('write_bps', 'writeBps', rate, 'wbps'),
  throttle('read_iops', 'readIops', rate32, 'riops'),
  throttle('write_iops', 'writeIops', rate32, 'wiops'),
  { name: 'latency_us', key: 'latencyUs', range: rate, v1: [], v2: [named('io.latency', 'target')] },
];

function checkDevice(device: string, field: string): void {
  if (!/^(\/.*|\d{1,9}:\d{1,9})$/.test(device))
    throw invalid(field, device, 'give a node such as /dev/vda, or 254:0');
}

function deviceKnob(limit: DeviceLimit, index: number): Knob {
  const name = `io.${limit.name}`;
  const of = ({ io }: Resources): DeviceValue | undefined => io[limit.key][index];
  const side = ({ file, text, reset }: DeviceFile): KnobSide => ({
    file,
    writes(resources) {
      const { device, value } = of(resources) ?? { device: '', value: 0 };
      const number = blockDevice(device, name);
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
    checkValue(resources, field) {
      const { device = '', value = 0 } = of(resources) ?? {};
      checkDevice(device, `${field}[${index}].device`);
      checkRange(value, limit.range, `${field}[${index}].value`);
    },
    check: (resources) => void blockDevice(of(resources)?.device ?? '', name),
  };
}

const throttles = deviceLimits.flatMap(({ v1 }) => v1.filter(({ file }) => file.includes('.throttle.')));

/**
 * Removes the throttles of a container that is being killed. Its last process unmounts the root and so writes out data, perhaps
 * much of it from others, which could take minutes with a limit.
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

/** The devices of each list of limits, with the list's name. */
export function limitedDevices({ io }: Resources): [name: string, devices: readonly string[]][] {
  return deviceLimits.map(({ name, key }) => [`io.${name}`, io[key].map(({ device }) => device)]);
}

/** Block IO: the weight, and each requested limit for a device. */
export function ioKnobs({ io }: Resources): Knob[] {
  return [
    weight,
    ...deviceLimits.flatMap((limit) => io[limit.key].map((_, index) => deviceKnob(limit, index))),
  ];
}
