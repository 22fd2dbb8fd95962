import {
  asText,
  badKnob,
  type Knob,
  type KnobContext,
  type KnobSide,
  oneFile,
  orMax,
  orZero,
  type Write,
  wholeNumber,
  wholeNumberOrNone,
} from '../knobs.ts';
import type { Resources } from '../resources.ts';

const leastShares = 2;
const mostShares = 262_144;
const defaultPeriod = '100000';

/** v2's weight (1 to 10000) for Docker's shares (2 to 262144), as in crun's manual: 1024 becomes 100. */
export function weightOfShares(shares: number): number {
  const log = Math.log2(Math.min(Math.max(shares, leastShares), mostShares));
  const weight = 10 ** ((log * log + 125 * log) / 612 - 7 / 34);
  // Rounded up as in crun, but not because of a floating point error.
  return Math.ceil(weight - 1e-9);
}

const normalWeight = 100;

/** v1's shares for v2's weight, in proportion: 100 becomes 1024. */
export function sharesOfWeight(weight: number): number {
  return Math.round((weight * 1024) / normalWeight);
}

const burstFiles = { 1: 'cpu.cfs_burst_us', 2: 'cpu.max.burst' } as const;
const quotaFiles = { 1: 'cpu.cfs_quota_us', 2: 'cpu.max' } as const;

/** v1 checks a quota against the current period, so the period goes first. */
function v1Bandwidth({ cpu }: Resources): Write[] {
  return [
    ...(cpu.periodUs === null ? [] : [{ file: 'cpu.cfs_period_us', value: String(cpu.periodUs) }]),
    ...(cpu.quotaUs === null ? [] : [{ file: quotaFiles[1], value: String(cpu.quotaUs) }]),
  ];
}

/** cpu.max has both, "QUOTA PERIOD", in one write: the kernel checks them together. */
function v2Bandwidth({ cpu }: Resources, context: KnobContext): Write[] {
  if (cpu.quotaUs === null && cpu.periodUs === null) return [];
  const now = context.read('cpu.max')?.split(' ');
  const quota = orMax(cpu.quotaUs) ?? now?.[0] ?? 'max';
  const period = cpu.periodUs ?? now?.[1] ?? defaultPeriod;
  return [{ file: 'cpu.max', value: `${quota} ${period}` }];
}

/** The burst must never exceed the quota (kernel/sched/core.c), so it shrinks before the quota and grows after it. */
function bandwidth(resources: Resources, context: KnobContext): Write[] {
  const writes = context.version === 1 ? v1Bandwidth(resources) : v2Bandwidth(resources, context);
  const { burstUs } = resources.cpu;
  if (burstUs === null) return writes;
  const burst = { file: burstFiles[context.version], value: String(burstUs) };
  return burstUs < currentBurst(context) ? [burst, ...writes] : [...writes, burst];
}

function currentBurst(context: KnobContext): number {
  return Number(context.read(burstFiles[context.version]) ?? 0);
}

/** The current quota; -1 for none. */
function currentQuota(context: KnobContext): number {
  const quota = Number.parseInt(context.read(quotaFiles[context.version]) ?? '', 10);
  return Number.isNaN(quota) ? -1 : quota;
}

function checkQuota({ cpu: { quotaUs, burstUs } }: Resources, context: KnobContext): void {
  if (quotaUs === null || quotaUs === -1) return;
  const burst = burstUs ?? currentBurst(context);
  if (burst <= quotaUs) return;
  throw badKnob(
    'cpu.quota_us',
    `Invalid cpu.quota_us ${quotaUs}: it is below the burst of ${burst} microseconds; lower burst_us as well`,
  );
}

/** A burst is unused quota that can be saved up. */
function checkBurst({ cpu: { quotaUs, burstUs } }: Resources, context: KnobContext): void {
  const quota = quotaUs ?? currentQuota(context);
  if (burstUs === null || burstUs === 0 || burstUs <= quota) return;
  const most = quota === -1 ? 'and there is none: set quota_us as well' : `${quota} microseconds`;
  throw badKnob('cpu.burst_us', `Invalid cpu.burst_us ${burstUs}: the maximum is the quota, ${most}`);
}

function checkShares({ cpu }: Resources): void {
  if (cpu.shares === null || cpu.idle !== true) return;
  throw badKnob(
    'cpu.shares',
    'Cannot set cpu.shares together with cpu.idle: an idle container has no share; leave one of them out, or set idle to false',
  );
}

function checkWeight({ cpu }: Resources): void {
  if (cpu.weight === null || (cpu.shares === null && cpu.idle !== true)) return;
  const why =
    cpu.idle === true ? 'cpu.idle: an idle container has no share' : 'cpu.shares: both set the same';
  throw badKnob('cpu.weight', `Cannot set cpu.weight together with ${why}; leave one of them out`);
}

const v1 = (file: string): KnobSide => ({ file, writes: bandwidth });
const v2Max: KnobSide = { file: 'cpu.max', writes: bandwidth };
const idle = oneFile('cpu.idle', ({ cpu }) => orZero(cpu.idle));

/** CPU time. Idle is reset before the shares, since the kernel accepts no shares for an idle cgroup. */
export const cpuKnobs: readonly Knob[] = [
  {
    name: 'cpu.idle',
    controller: 'cpu',
    requested: ({ cpu }) => asText(cpu.idle),
    v1: idle,
    v2: idle,
  },
  {
    name: 'cpu.shares',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.shares, [leastShares, mostShares, 512]),
    v1: oneFile('cpu.shares', ({ cpu }) => cpu.shares),
    v2: oneFile('cpu.weight', ({ cpu }) => weightOfShares(cpu.shares ?? leastShares)),
    check: checkShares,
  },
  {
    name: 'cpu.weight',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.weight, [1, 10_000, 300]),
    v1: oneFile('cpu.shares', ({ cpu }) => sharesOfWeight(cpu.weight ?? normalWeight)),
    v2: oneFile('cpu.weight', ({ cpu }) => cpu.weight),
    check: checkWeight,
  },
  {
    name: 'cpu.period_us',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.periodUs, [1000, 1_000_000, 100_000]),
    v1: v1('cpu.cfs_period_us'),
    v2: v2Max,
  },
  {
    name: 'cpu.quota_us',
    controller: 'cpu',
    ...wholeNumberOrNone(({ cpu }) => cpu.quotaUs, [1000, 1e12, 50_000]),
    v1: v1(quotaFiles[1]),
    v2: v2Max,
    check: checkQuota,
  },
  {
    name: 'cpu.burst_us',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.burstUs, [0, 1e12, 20_000]),
    v1: v1(burstFiles[1]),
    v2: { file: burstFiles[2], writes: bandwidth },
    check: checkBurst,
  },
];
