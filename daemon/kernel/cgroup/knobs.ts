import { checkBytes, checkRange, type Range } from '../../../common/checks.ts';
import { LikerError } from '../../../common/errors.ts';
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
  /** Written after a refusal, or the kernel would keep retrying the request; `file` had it before. */
  readonly withdrawal?: string;
}

/** Several: the first one whose file is there. Null: that version of cgroups cannot do it. */
export type KnobSides = KnobSide | readonly KnobSide[] | null;

/**
 * One limit. Knobs are carried out in the order of their table; those that need the same write (period and quota on
 * v2) share it.
 */
export interface Knob {
  /** Such as memory.max_bytes. */
  readonly name: string;
  /** Where its value stands among the limits, if that is not its name. */
  readonly place?: string;
  readonly controller: string;
  /** The value asked for as text; null when this knob was not asked for. */
  requested(resources: Resources): string | null;
  readonly v1: KnobSides;
  readonly v2: KnobSides;
  /** Throws BAD_ARGUMENT on `field` for a value that is no limit on any machine. Called only when the knob is asked for. */
  checkValue?(resources: Resources, field: string): void;
  /** Throws BAD_ARGUMENT or LIMIT_REFUSED for a value that cannot work here or beside the other limits, before anything is made. */
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

/** A bad value of a knob, beside the other limits or on this machine. */
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
