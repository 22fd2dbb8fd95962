import { keyedValue } from '../files.ts';
import {
  asText,
  badKnob,
  byteCount,
  type Knob,
  type KnobContext,
  type KnobSides,
  oneFile,
  orMax,
  orZero,
  wholeNumber,
} from '../knobs.ts';
import type { Resources } from '../resources.ts';

type Level = 'reservationBytes' | 'lowBytes' | 'minBytes' | 'highBytes' | 'swapHighBytes' | 'zswapMaxBytes';

interface LevelKnob {
  readonly name: string;
  readonly key: Level;
  /** Bytes. */
  readonly least: number;
  readonly v1?: string;
  readonly v2: string;
}

const page = 4096;

function levelKnob({ name, key, least, v1, v2 }: LevelKnob): Knob {
  return {
    name: `memory.${name}`,
    controller: 'memory',
    ...byteCount(({ memory }) => memory[key], least),
    v1: v1 === undefined ? null : oneFile(v1, ({ memory }) => memory[key]),
    v2: oneFile(v2, ({ memory }) => orMax(memory[key])),
  };
}

const reservation = levelKnob({
  name: 'reservation_bytes',
  key: 'reservationBytes',
  least: 1,
  v1: 'memory.soft_limit_in_bytes',
  v2: 'memory.low',
});

function checkReservation({ memory }: Resources, { version }: KnobContext): void {
  const { reservationBytes, maxBytes, lowBytes } = memory;
  const knob = 'memory.reservation_bytes';
  if (version === 2 && lowBytes !== null) {
    throw badKnob(
      knob,
      `Cannot set ${knob} together with memory.low_bytes: both set the same limit; give one of them`,
    );
  }
  if (reservationBytes === null || maxBytes === null || maxBytes === -1 || reservationBytes <= maxBytes)
    return;
  throw badKnob(
    knob,
    `Invalid ${knob} ${reservationBytes}: it is above the limit, ${maxBytes}; give at most that`,
  );
}

/** v1's memory.oom_control: reads "oom_kill_disable 0" among other lines, but is written as a number. */
const oomControl: KnobSides = {
  file: 'memory.oom_control',
  writes: ({ memory }) => [
    {
      file: 'memory.oom_control',
      value: String(orZero(memory.oomKillDisable)),
      part: { key: 'disable', of: (text) => String(keyedValue(text, 'oom_kill_disable') ?? 0) },
    },
  ],
};

/** Memory that is protected, throttled or swapped, and what happens when memory runs out. */
export const memoryLevelKnobs: readonly Knob[] = [
  { ...reservation, check: checkReservation },
  levelKnob({ name: 'min_bytes', key: 'minBytes', least: 0, v2: 'memory.min' }),
  levelKnob({ name: 'low_bytes', key: 'lowBytes', least: 0, v2: 'memory.low' }),
  levelKnob({ name: 'high_bytes', key: 'highBytes', least: page, v2: 'memory.high' }),
  levelKnob({ name: 'swap_high_bytes', key: 'swapHighBytes', least: 0, v2: 'memory.swap.high' }),
  levelKnob({ name: 'zswap_max_bytes', key: 'zswapMaxBytes', least: 0, v2: 'memory.zswap.max' }),
  {
    name: 'memory.swappiness',
    controller: 'memory',
    ...wholeNumber(({ memory }) => memory.swappiness, [0, 100, 10]),
    v1: oneFile('memory.swappiness', ({ memory }) => memory.swappiness),
    v2: null,
  },
  {
    name: 'memory.oom_group',
    controller: 'memory',
    requested: ({ memory }) => asText(memory.oomGroup),
    v1: null,
    v2: oneFile('memory.oom.group', ({ memory }) => orZero(memory.oomGroup)),
  },
  {
    name: 'memory.oom_kill_disable',
    controller: 'memory',
    requested: ({ memory }) => asText(memory.oomKillDisable),
    v1: oomControl,
    v2: null,
  },
];
