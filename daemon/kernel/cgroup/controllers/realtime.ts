import { dirname } from 'node:path';
import { childFolders, readOptional, writeText } from '../files.ts';
import { badKnob, type Knob, type KnobContext, oneFile, wholeNumber } from '../knobs.ts';
import type { Resources } from '../resources.ts';

const runtimeFile = 'cpu.rt_runtime_us';
const periodFile = 'cpu.rt_period_us';

/** The share of each CPU's time that a cgroup allows for real-time processes. */
function granted(folder: string): number {
  const period = Number(readOptional(`${folder}/${periodFile}`) ?? 0);
  return period === 0 ? 0 : Number(readOptional(`${folder}/${runtimeFile}`) ?? 0) / period;
}

/**
 * Raises the time of each level above, from the top: a cgroup cannot have more than the one above it less that of its siblings
 * (sched-rt-group.rst), and a new one has none.
 */
function reserve({ cpu }: Resources, context: KnobContext): void {
  const runtime = cpu.realtimeRuntimeUs ?? Number(context.read(runtimeFile) ?? 0);
  const period = cpu.realtimePeriodUs ?? Number(context.read(periodFile) ?? 1_000_000);
  let needed = runtime / period;
  const raises: [folder: string, runtimeUs: number][] = [];
  let own = '';
  for (let folder = context.parent; folder !== context.mountPoint; folder = dirname(folder)) {
    const siblings = childFolders(folder).filter((name) => name !== own);
    for (const name of siblings) needed += granted(`${folder}/${name}`);
    const runtimeUs = Math.ceil(needed * Number(readOptional(`${folder}/${periodFile}`) ?? 1_000_000));
    if (runtimeUs > Number(readOptional(`${folder}/${runtimeFile}`) ?? 0))
      raises.unshift([folder, runtimeUs]);
    own = folder.slice(folder.lastIndexOf('/') + 1);
  }
  for (const [folder, runtimeUs] of raises) writeText(`${folder}/${runtimeFile}`, String(runtimeUs));
}

const runtime = oneFile(runtimeFile, ({ cpu }) => cpu.realtimeRuntimeUs);
const period = oneFile(periodFile, ({ cpu }) => cpu.realtimePeriodUs);

/** Time for real-time processes, which only v1 can limit. */
export const realtimeKnobs: readonly Knob[] = [
  {
    name: 'cpu.realtime_period_us',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.realtimePeriodUs, [1000, 60_000_000, 1_000_000]),
    v1: { ...period, prepare: reserve },
    v2: null,
  },
  {
    name: 'cpu.realtime_runtime_us',
    controller: 'cpu',
    ...wholeNumber(({ cpu }) => cpu.realtimeRuntimeUs, [1, 60_000_000, 50_000]),
    v1: { ...runtime, prepare: reserve },
    v2: null,
    check({ cpu: { realtimeRuntimeUs: runtimeUs, realtimePeriodUs } }) {
      const periodUs = realtimePeriodUs ?? 1_000_000;
      if (runtimeUs === null || runtimeUs <= periodUs) return;
      throw badKnob(
        'cpu.realtime_runtime_us',
        `Invalid cpu.realtime_runtime_us ${runtimeUs}: the maximum is the period, ${periodUs} microseconds`,
      );
    },
  },
];
