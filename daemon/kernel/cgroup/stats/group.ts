/** The container's cgroup folder of a controller. */
interface StatsFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

/** By v2's name, or v1's of what v2 does not have; "cgroup" is v2 itself. Null: it is nowhere. */
export type FindFolder = (controller: string) => StatsFolder | null;

/** Figures that are read together: their files, and what the texts of these say. */
export interface StatsGroup<T> {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** The texts are in the order of the files; null for one that this kernel does not have. */
  parse(texts: readonly (string | null)[]): T;
}

/** The figures in files of a controller's folder; null when the controller is nowhere. */
export function statsIn<T>(
  folder: StatsFolder | null,
  names: readonly string[],
  parse: StatsGroup<T | null>['parse'],
): StatsGroup<T | null> {
  if (folder === null) return { files: [], parse: () => null };
  return { files: names.map((name) => `${folder.path}/${name}`), parse };
}

/** One group of several, by name. */
export function groups<T extends object>(
  parts: { readonly [K in keyof T]: StatsGroup<T[K]> },
): StatsGroup<T> {
  const entries = Object.entries(parts) as [keyof T, StatsGroup<T[keyof T]>][];
  return {
    files: entries.flatMap(([, group]) => group.files),
    parse(texts) {
      const parsed: Partial<T> = {};
      let at = 0;
      for (const [name, group] of entries) {
        parsed[name] = group.parse(texts.slice(at, at + group.files.length));
        at += group.files.length;
      }
      return parsed as T;
    },
  };
}

/** A file that holds one number; null for "max", no file, and what the kernel writes for "no limit" on v1. */
export function oneNumber(text: string | null | undefined): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return value < Number.MAX_SAFE_INTEGER ? value : null;
}
