import { LikerError } from '../../../../common/errors.ts';
import { writeText } from '../files.ts';
import {
  badKnob,
  byteCount,
  type Knob,
  type KnobContext,
  type KnobSide,
  orMax,
  type Write,
} from '../knobs.ts';
import type { Resources } from '../resources.ts';

/** Docker's minimum: with less, a container's first process is killed before it can report anything. */
const leastBytes = 6 * 1024 * 1024;

const limitFile = 'memory.limit_in_bytes';
const bothFile = 'memory.memsw.limit_in_bytes';

/** The current limit; -1 for none. v1 shows "none" as a number near 2^63. */
function currentLimit(context: KnobContext): number {
  const text = context.read(context.version === 1 ? limitFile : 'memory.max');
  const bytes = text === null || text === 'max' ? -1 : Number(text);
  return bytes > Number.MAX_SAFE_INTEGER ? -1 : bytes;
}

/** Memory plus swap on v1. Without a request it is Docker's default, twice the memory, if the current limit is too small. */
function v1Both({ memory }: Resources, context: KnobContext): Write | null {
  if (memory.memorySwapBytes !== null) return { file: bothFile, value: String(memory.memorySwapBytes) };
  if (memory.maxBytes === null || (context.fresh && memory.maxBytes === -1)) return null;
  const now = context.fresh ? Number.POSITIVE_INFINITY : Number(context.read(bothFile) ?? Number.NaN);
  const wanted = memory.maxBytes === -1 ? -1 : 2 * memory.maxBytes;
  const enough = !context.fresh && wanted !== -1 && now >= memory.maxBytes;
  return enough ? null : { file: bothFile, value: String(wanted), quiet: true };
}

/** Memory must never exceed memory plus swap, so growing starts with the sum, and shrinking with memory. */
function v1Writes(resources: Resources, context: KnobContext): Write[] {
  const { maxBytes } = resources.memory;
  const limit = maxBytes === null ? [] : [{ file: limitFile, value: String(maxBytes) }];
  const both = v1Both(resources, context);
  if (both === null) return limit;
  const grows =
    !context.fresh && (both.value === '-1' || Number(both.value) > Number(context.read(bothFile) ?? 0));
  return grows ? [both, ...limit] : [...limit, both];
}

/** v2 counts swap alone. Docker's default, as much swap as memory, is set only when the container is made. */
function v2Swap({ memory }: Resources, context: KnobContext): Write[] {
  const file = 'memory.swap.max';
  if (memory.memorySwapBytes === -1) return [{ file, value: 'max' }];
  const limit = memory.maxBytes ?? currentLimit(context);
  if (memory.memorySwapBytes !== null) return [{ file, value: String(memory.memorySwapBytes - limit) }];
  return context.fresh && limit !== -1 ? [{ file, value: String(limit), quiet: true }] : [];
}

function v2Writes(resources: Resources, context: KnobContext): Write[] {
  const { maxBytes } = resources.memory;
  const limit = maxBytes === null ? [] : [{ file: 'memory.max', value: String(orMax(maxBytes)) }];
  return [...limit, ...v2Swap(resources, context)];
}

const v1 = (file: string): KnobSide => ({ file, writes: v1Writes });
/**
 * v2 accepts a limit below what is in use, and then kills. Here, as on v1, the container's memory is reclaimed first, and a limit
 * that is still too low is refused.
 */
function makeRoom({ memory: { maxBytes } }: Resources, context: KnobContext): void {
  if (context.fresh || maxBytes === null || maxBytes === -1) return;
  const inUse = () => Number(context.read('memory.current') ?? 0);
  const surplus = inUse() - maxBytes;
  if (surplus <= 0) return;
  try {
    writeText(`${context.folder}/memory.reclaim`, String(surplus));
  } catch {
    // Not enough can be reclaimed (EAGAIN), or the kernel is older than 5.19.
  }
  if (inUse() <= maxBytes) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `Cannot set memory.max_bytes to ${maxBytes}: ${inUse()} bytes are in use now; let the container free some first`,
    {
      knob: 'memory.max_bytes',
      metadata: { controller: 'memory', knob: 'memory.max_bytes', path: `${context.folder}/memory.max` },
    },
  );
}

const v2 = (file: string): KnobSide => ({ file, writes: v2Writes, prepare: makeRoom });

function checkSwap({ memory }: Resources, context: KnobContext): void {
  const { memorySwapBytes: both } = memory;
  if (both === null || both === -1) return;
  const knob = 'memory.memory_swap_bytes';
  const limit = memory.maxBytes ?? currentLimit(context);
  if (limit === -1)
    throw badKnob(knob, `Invalid ${knob} ${both}: it needs a limit on memory as well; set both`);
  if (both >= limit) return;
  throw badKnob(knob, `Invalid ${knob} ${both}: it includes the memory; give at least its limit, ${limit}`);
}

/** Memory, and memory plus swap. Each knob has the writes of both, in the only order that the kernel accepts. */
export const memoryKnobs: readonly Knob[] = [
  {
    name: 'memory.max_bytes',
    controller: 'memory',
    ...byteCount(({ memory }) => memory.maxBytes, leastBytes),
    v1: v1(limitFile),
    v2: v2('memory.max'),
  },
  {
    name: 'memory.memory_swap_bytes',
    controller: 'memory',
    ...byteCount(({ memory }) => memory.memorySwapBytes, 1),
    v1: v1(bothFile),
    v2: v2('memory.swap.max'),
    check: checkSwap,
  },
];
