import { badArgument } from '../../../../common/errors.ts';
import {
  asText,
  fieldOf,
  type Knob,
  type KnobContext,
  type KnobSide,
  oneFile,
  orMax,
  type Write,
} from '../knobs.ts';
import type { Resources } from '../resources.ts';

const leastShares = 2;
const mostShares = 262_144;
const defaultPeriod = '100000';

/** v2's weight (1 to 10000) for Docker's shares (2 to 262144), by crun's manual: 1024 becomes 100. */
export function weightOfShares(shares: number): number {
  const log = Math.log2(Math.min(Math.max(shares, leastShares), mostShares));
  const weight = 10 ** ((log * log + 125 * log) / 612 - 7 / 34);
  // Rounded up as crun does, but not for the last bit of a floating point number.
  return Math.ceil(weight - 1e-9);
}

/** cpu.max holds both, "QUOTA PERIOD", written in one go: the kernel checks them together. */
function quotaAndPeriod({ cpu }: Resources, context: KnobContext): Write[] {
  const now = context.read('cpu.max')?.split(' ');
  const quota = orMax(cpu.quotaUs) ?? now?.[0] ?? 'max';
  const period = cpu.periodUs ?? now?.[1] ?? defaultPeriod;
  return [{ file: 'cpu.max', value: `${quota} ${period}` }];
}

const cpuMax: KnobSide = { file: 'cpu.max', writes: quotaAndPeriod };

function requireWithin(
  knob: string,
  value: number | null,
  range: readonly [number, number],
  hint = '',
): void {
  const [least, most] = range;
  if (value === null || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw badArgument(fieldOf(knob), `Invalid ${knob} ${value}: give ${least} to ${most}${hint}`);
}

/** CPU time. The period goes before the quota: v1 checks a quota against the period that is there. */
export const cpuKnobs: readonly Knob[] = [
  {
    name: 'cpu.shares',
    controller: 'cpu',
    requested: ({ cpu }) => asText(cpu.shares),
    v1: oneFile('cpu.shares', ({ cpu }) => cpu.shares),
    v2: oneFile('cpu.weight', ({ cpu }) => weightOfShares(cpu.shares ?? leastShares)),
    check: ({ cpu }) => requireWithin('cpu.shares', cpu.shares, [leastShares, mostShares]),
  },
  {
    name: 'cpu.period_us',
    controller: 'cpu',
    requested: ({ cpu }) => asText(cpu.periodUs),
    v1: oneFile('cpu.cfs_period_us', ({ cpu }) => cpu.periodUs),
    v2: cpuMax,
    check: ({ cpu }) => requireWithin('cpu.period_us', cpu.periodUs, [1000, 1_000_000], ' microseconds'),
  },
  {
    name: 'cpu.quota_us',
    controller: 'cpu',
    requested: ({ cpu }) => asText(cpu.quotaUs),
    v1: oneFile('cpu.cfs_quota_us', ({ cpu }) => cpu.quotaUs),
    v2: cpuMax,
    check({ cpu }) {
      if (cpu.quotaUs === -1) return;
      requireWithin('cpu.quota_us', cpu.quotaUs, [1000, 1e12], ' microseconds, or -1 for no limit');
    },
  },
];
