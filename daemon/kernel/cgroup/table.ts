import { checkOnce } from '../../../common/checks.ts';
import { coreKnobs } from './controllers/core.ts';
import { cpuKnobs } from './controllers/cpu.ts';
import { cpusetKnobs } from './controllers/cpuset.ts';
import { hugetlbKnobs, pageSizes } from './controllers/hugetlb.ts';
import { ioKnobs, limitedDevices } from './controllers/io.ts';
import { memoryKnobs } from './controllers/memory.ts';
import { memoryLevelKnobs } from './controllers/memory-levels.ts';
import { networkKnobs, programKnobs } from './controllers/network.ts';
import { pidsKnobs } from './controllers/pids.ts';
import { realtimeKnobs } from './controllers/realtime.ts';
import { settingKnobs } from './controllers/settings.ts';
import type { Knob } from './knobs.ts';
import { limitsOf, type Resources } from './resources.ts';

/** Every knob for these limits, in the order in which they are set. */
export function knobsFor(resources: Resources): Knob[] {
  return [
    ...cpusetKnobs,
    ...memoryKnobs,
    ...memoryLevelKnobs,
    ...cpuKnobs,
    ...realtimeKnobs,
    ...pidsKnobs,
    ...hugetlbKnobs(resources),
    ...ioKnobs(resources),
    ...networkKnobs(resources),
    ...coreKnobs,
    ...settingKnobs(resources),
    ...programKnobs,
  ];
}

/** Throws BAD_ARGUMENT for a value that is invalid on any machine. `field`: the field of the limits in the request. */
export function checkValues(resources: Resources, field: string): void {
  const pageSizes = resources.hugetlb.map(({ pageSize }) => pageSize);
  for (const [name, keys] of [['hugetlb', pageSizes] as const, ...limitedDevices(resources)])
    checkOnce(keys, `${field}.${name}`);
  for (const knob of knobsFor(resources))
    if (knob.requested(resources) !== null)
      knob.checkValue?.(resources, `${field}.${knob.place ?? knob.name}`);
}

/** Every knob, with one example of those for each device or interface. */
export function allKnobs(): Knob[] {
  const any = [{ device: '0:0', value: 0 }];
  return knobsFor(
    limitsOf({
      hugetlb: pageSizes().map((pageSize) => ({ pageSize, maxBytes: -1, reservationBytes: -1 })),
      io: { weightDevices: any, readBps: any, writeBps: any, readIops: any, writeIops: any, latencyUs: any },
      network: { priorities: { INTERFACE: 0 } },
    }),
  );
}
