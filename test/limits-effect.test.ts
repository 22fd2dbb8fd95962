// Every limit proved by what it does to a container, not by the file that holds it. Loads run beside each other: what
// is measured is a proportion, a bound, or what happens.
import { describe } from 'node:test';
import { blockIoEffects } from './effects/block-io.ts';
import { cpuEffects } from './effects/cpu.ts';
import { deviceEffects } from './effects/devices.ts';
import { Effects } from './effects/effects.ts';
import { hugetlbEffects } from './effects/hugetlb.ts';
import { memoryEffects } from './effects/memory.ts';
import { networkEffects } from './effects/network.ts';
import { processEffects } from './effects/processes.ts';
import { refusals } from './effects/refusals.ts';
import { stressEffects } from './effects/stress.ts';
import { suite } from './harness/suite.ts';

const effects = new Effects(suite({ programs: ['chrt', 'stress-ng'], helpers: ['huge', 'socket-priority'] }));

describe('limits by effect', { concurrency: 4 }, () => {
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
