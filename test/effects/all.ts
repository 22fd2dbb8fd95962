import { cpus } from 'node:os';
import { describe } from 'node:test';
import { suite } from '../harness/suite.ts';
import { blockIoEffects } from './block-io.ts';
import { cpuEffects } from './cpu.ts';
import { deviceEffects } from './devices.ts';
import { Effects } from './effects.ts';
import { hugetlbEffects } from './hugetlb.ts';
import { memoryEffects } from './memory.ts';
import { networkEffects } from './network.ts';
import { processEffects } from './processes.ts';
import { refusals } from './refusals.ts';
import { stressEffects } from './stress.ts';

export const effectHelpers = ['huge', 'socket-priority'];

/** A daemon, and a root file system with the programs of the loads. */
export function effectSuite(): Effects {
  return new Effects(suite({ programs: ['chrt', 'stress-ng'], helpers: effectHelpers }));
}

/** Tests of every limit. Loads run side by side, so tests measure proportions, bounds, or events. */
export function limitsByEffect(effects: Effects): void {
  describe('limits by effect', { concurrency: cpus().length > 1 ? 4 : 1 }, () => {
    cpuEffects(effects);
    blockIoEffects(effects);
    memoryEffects(effects);
    networkEffects(effects);
    processEffects(effects);
    deviceEffects(effects);
    hugetlbEffects(effects);
    stressEffects(effects);
    refusals(effects);
  });
}
