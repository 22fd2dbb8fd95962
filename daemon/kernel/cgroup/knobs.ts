import { checkBytes, checkRange, type Range } from '../../../common/checks.ts';
import { LikerError } from '../../../common/errors.ts';
import type { Resources } from './resources.ts';

/** One text to write to one file of the container's cgroup. */
export interface Write {
  /** Name in the cgroup's folder, such as memory.max. */
  readonly file: string;
  readonly value: string;
  /** A write that nobody requested by name: skipped silently if the kernel lacks the file. */
  readonly quiet?: boolean;
  /** The part of the file that the write changes. Default: the whole file. */
  readonly part?: FilePart;
}

/** A part of a file with several values, such as the line of one device. */
export interface FilePart {
  /** Writes with the same file and key are the same write. */
  readonly key: string;
  /** Finds the part in the file's text, in the form for writing it back. */
  of(text: string): string;
}

/** What a knob can read before it writes. */
export interface KnobContext {
  readonly version: 1 | 2;
  /** The container's cgroup is being made: no limit was set before. */
  readonly fresh: boolean;
  /** Folder of the container's cgroup; empty if there is none yet. */
  readonly folder: string;
  /** Folder of the cgroup above the container's. */
  readonly parent: string;
  /** Where the hierarchy is mounted. */
  readonly mountPoint: string;
  /** Reads a file of the container's cgroup; null if there is no such file, or no cgroup yet. */
  read(file: string): string | null;
  /** Reads a file of the cgroup above the container's; null if there is none, or not yet. */
  readParent(file: string): string | null;
}

/** How one version of cgroups sets a limit. */
export interface KnobSide {
  /** The file of the limit. It must exist, and its text afterwards is what took effect. */
  readonly file: string;
  /** In the kernel's order. Called only for a requested knob. */
  writes(resources: Resources, context: KnobContext): readonly Write[];
  /** Instead of writes: a program that runs for each new socket in the cgroup; null removes it. `file` is empty then. */
  socketProgram?(resources: Resources): Uint8Array | null;
  /** Makes room in the cgroups above, just before the writes. */
  prepare?(resources: Resources, context: KnobContext): void;
  /** Why the text that was read back means failure; null if it means success. */
  refusal?(effective: string): string | null;
  /** The earlier text of `file`, written after a refusal, or the kernel would keep retrying the request. */
  readonly withdrawal?: string;
}

/** Several: the first one whose file exists. Null: that version of cgroups cannot set the limit. */
export type KnobSides = KnobSide | readonly KnobSide[] | null;

/**
 * One limit. Knobs are set in the order of their table. Those with the same write (period and quota on v2) share it.
 */
export interface Knob {
  /** Such as memory.max_bytes. */
  readonly name: string;
  /** The place of its value among the limits. Default: its name. */
  readonly place?: string;
  readonly controller: string;
  /** The requested value as text; null if this knob was not requested. */
  requested(resources: Resources): string | null;
  readonly v1: KnobSides;
  readonly v2: KnobSides;
  /** Throws BAD_ARGUMENT for `field` if the value is invalid on any machine. Called only for a requested knob. */
  checkValue?(resources: Resources, field: string): void;
  /** Throws BAD_ARGUMENT or LIMIT_REFUSED for a value that cannot work here or with the other limits. Makes nothing. */
  check?(resources: Resources, context: KnobContext): void;
}

/** The side of a knob with one text in one file. */
export function oneFile(file: string, value: (resources: Resources) => number | string | null): KnobSide {
  return { file, writes: (resources) => [{ file, value: String(value(resources)) }] };
}

/** The line of a file that begins with this word; without one, `reset`, which removes it. */
export function lineOf(word: string, reset: string, key: string = word): FilePart {
  return { key, of: (text) => text.split('\n').find((line) => line.startsWith(`${word} `)) ?? reset };
}

/** A number or a boolean as text; null stays null. */
export function asText(value: number | boolean | null): string | null {
  return value === null ? null : String(value);
}

/** v2 writes no limit as max. */
export function orMax(value: number | null): number | string | null {
  return value === -1 ? 'max' : value;
}

/** The kernel writes a boolean as 1 or 0. */
export function orZero(value: boolean | null): number | null {
  return value === null ? null : Number(value);
}

/** A value of a knob that is invalid with the other limits or on this machine. */
export function badKnob(knob: string, message: string): LikerError {
  return new LikerError('BAD_ARGUMENT', message, { knob });
}

type Asked = Pick<Knob, 'requested' | 'checkValue'>;
type NumberOf = (resources: Resources) => number | null;

function checked(of: NumberOf, check: (value: number, field: string) => void): Asked {
  return {
    requested: (resources) => asText(of(resources)),
    checkValue(resources, field) {
      const value = of(resources);
      if (value !== null) check(value, field);
    },
  };
}

/** A knob for a whole number. */
export function wholeNumber(of: NumberOf, range: Range): Asked {
  return checked(of, (value, field) => checkRange(value, range, field));
}

/** A knob for a whole number, or -1 for no limit. */
export function wholeNumberOrNone(of: NumberOf, [least, most, example]: Range): Asked {
  const range = [least, most, `${example}, or -1 for no limit`] as const;
  return checked(of, (value, field) => {
    if (value !== -1) checkRange(value, range, field);
  });
}

/** A knob for bytes, or -1 for no limit. */
export function byteCount(of: NumberOf, least: number): Asked {
  return checked(of, (value, field) => checkBytes(value, least, field));
}
