import type { Resources } from './resources.ts';

/** One text for one file of the container's cgroup. */
export interface Write {
  /** Name in the cgroup's folder, such as memory.max. */
  readonly file: string;
  readonly value: string;
  /** Not asked for by name: skipped without a word where the kernel has no such file. */
  readonly quiet?: boolean;
}

/** What a knob may look at before it decides. */
export interface KnobContext {
  readonly version: 1 | 2;
  /** The container's cgroup is just being made: nothing was set before. */
  readonly fresh: boolean;
  /** A file of the container's cgroup as it is now; null when there is no such file or no cgroup yet. */
  read(file: string): string | null;
  /** A file of the cgroup above the container's; null when there is none. */
  readParent(file: string): string | null;
}

/** How one version of cgroups does a limit. */
export interface KnobSide {
  /** The file that holds the limit: it must exist, and its text afterwards is what took effect. */
  readonly file: string;
  /** In the order that the kernel wants. Called only when the knob is asked for. */
  writes(resources: Resources, context: KnobContext): readonly Write[];
}

/**
 * One limit. Knobs are carried out in the order of their table; those that need the same write (period and quota on
 * v2) share it. A side that is null: that version of cgroups cannot do it.
 */
export interface Knob {
  /** As in the API, such as memory.max_bytes. */
  readonly name: string;
  readonly controller: string;
  /** The value asked for as text; null when this knob was not asked for. */
  requested(resources: Resources): string | null;
  readonly v1: KnobSide | null;
  readonly v2: KnobSide | null;
  /** Throws BAD_ARGUMENT or LIMIT_REFUSED for a value that cannot work, before anything is made. */
  check?(resources: Resources, context: KnobContext): void;
}

/** The side of a knob whose limit is one text in one file. */
export function oneFile(file: string, value: (resources: Resources) => number | string | null): KnobSide {
  return { file, writes: (resources) => [{ file, value: String(value(resources)) }] };
}

/** The field of the request that a knob stands for. */
export function fieldOf(knob: string): string {
  return `spec.resources.${knob}`;
}

/** A number as text; null stays null. */
export function asText(value: number | null): string | null {
  return value === null ? null : String(value);
}

/** v2's word for no limit is max. */
export function orMax(value: number | null): number | string | null {
  return value === -1 ? 'max' : value;
}
