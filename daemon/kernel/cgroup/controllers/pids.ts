import { badArgument } from '../../../../common/errors.ts';
import { asText, fieldOf, type Knob, oneFile, orMax } from '../knobs.ts';

/** Number of processes and threads: pids.max, the same on both versions. */
const side = oneFile('pids.max', ({ pids }) => orMax(pids.max));

export const pidsKnobs: readonly Knob[] = [
  {
    name: 'pids.max',
    controller: 'pids',
    requested: ({ pids }) => asText(pids.max),
    v1: side,
    v2: side,
    check({ pids: { max } }) {
      if (max === null || max === -1 || (Number.isSafeInteger(max) && max >= 1)) return;
      throw badArgument(
        fieldOf('pids.max'),
        `Invalid limit of ${max} processes: give 1 or more, or -1 for no limit`,
      );
    },
  },
];
