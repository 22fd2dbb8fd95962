import { badArgument } from '../../../common/errors.ts';
import type { Resources } from './resources.ts';

/** One text for one file of the container's cgroup. */
export interface Write {
  /** Name in the cgroup's folder, such as memory.max. */
  readonly file: string;
  readonly value: string;
  /** Not asked for by name: skipped without a word where the kernel has no such file. */
  readonly quiet?: boolean;
  /** The part of the file that the write is about; without it, all of the file. */
  readonly part?: FilePart;
}

/** A part of a file that holds more than one value, such as the line of one device. */
export interface FilePart {
  /** Two writes of one file and key are the same write. */
  readonly key: string;
  /** The part as it stands in the file's text, in the form in which it can be written back. */
  of(text: string): string;
}

/** What a knob may look at before it decides. */
export interface KnobContext {
  readonly version: 1 | 2;
  /** The container's cgroup is just being made: nothing was set before. */
  readonly fresh: boolean;
  /** Folder of the container's cgroup; empty when there is none yet. */
  readonly folder: string;
  /** Folder of the cgroup above the container's. */
  readonly parent: string;
  /** Where the hierarchy is mounted. */
  readonly mountPoint: string;
  /** A file of the container's cgroup as it is now; null when there is no such file or no cgroup yet. */
  read(file: string): string | null;
  /** A file of the cgroup above the container's; null when there is none, or not yet. */
  readParent(file: string): string | null;
}

/** How one version of cgroups does a limit. */
export interface KnobSide {
  /** The file that holds the limit: it must exist, and its text afterwards is what took effect. */
  readonly file: string;
  /** In the order that the kernel wants. Called only when the knob is asked for. */
  writes(resources: Resources, context: KnobContext): readonly Write[];
  /** In place of writes: what runs for each socket that is made in the cgroup; null is none. `file` is empty then. */
  socketProgram?(resources: Resources): Uint8Array | null;
  /** Makes room in the cgroups above, just before the writes. */
  prepare?(resources: Resources, context: KnobContext): void;
  /** Why the text that was read back is no success; null when it is one. */
  refusal?(effective: string): string | null;
  /** What is written after a refusal, so that the kernel forgets the wish; `file` had it before. */
  readonly withdrawal?: string;
}

/** Several: the first one whose file is there. Null: that version of cgroups cannot do it. */
export type KnobSides = KnobSide | readonly KnobSide[] | null;

/**
 * One limit. Knobs are carried out in the order of their table; those that need the same write (period and quota on
 * v2) share it.
 */
export interface Knob {
  /** As in the API, such as memory.max_bytes. */
  readonly name: string;
  readonly controller: string;
  /** The value asked for as text; null when this knob was not asked for. */
  requested(resources: Resources): string | null;
  readonly v1: KnobSides;
  readonly v2: KnobSides;
  /** Throws BAD_ARGUMENT or LIMIT_REFUSED for a value that cannot work, before anything is made. */
  check?(resources: Resources, context: KnobContext): void;
}

/** The side of a knob whose limit is one text in one file. */
export function oneFile(file: string, value: (resources: Resources) => number | string | null): KnobSide {
  return { file, writes: (resources) => [{ file, value: String(value(resources)) }] };
}

/** The line of a file that begins with this word; `reset` is what brings about that there is none. */
export function lineOf(word: string, reset: string, key: string = word): FilePart {
  return { key, of: (text) => text.split('\n').find((line) => line.startsWith(`${word} `)) ?? reset };
}

/** The field of the request that a knob stands for. */
export function fieldOf(knob: string): string {
  return `spec.resources.${knob}`;
}

/** A number or a choice as text; null stays null. */
export function asText(value: number | boolean | null): string | null {
  return value === null ? null : String(value);
}

/** v2's word for no limit is max. */
export function orMax(value: number | null): number | string | null {
  return value === -1 ? 'max' : value;
}

/** The kernel writes a choice as 1 or 0. */
export function orZero(value: boolean | null): number | null {
  return value === null ? null : Number(value);
}

/** Throws BAD_ARGUMENT unless the value is null or a whole number in the range. */
export function requireWithin(
  knob: string,
  value: number | null,
  range: readonly [least: number, most: number],
  hint = '',
): void {
  const [least, most] = range;
  if (value === null || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw badArgument(fieldOf(knob), `Invalid ${knob} ${value}: give ${least} to ${most}${hint}`);
}
