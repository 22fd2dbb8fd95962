import { type Knob, oneFile, orMax, wholeNumberOrNone } from '../knobs.ts';

/** The kernel's PID_MAX_LIMIT, the maximum of pids.max. */
const most = 4_194_304;

/** pids.max, the number of processes and threads, on both versions. */
const side = oneFile('pids.max', ({ pids }) => orMax(pids.max));

export const pidsKnobs: readonly Knob[] = [
  {
    name: 'pids.max',
    controller: 'pids',
    ...wholeNumberOrNone(({ pids }) => pids.max, [1, most, 100]),
    v1: side,
    v2: side,
  },
];
