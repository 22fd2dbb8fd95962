/** A container's cgroup folder for a controller. */
interface StatsFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

/** Finds a controller by v2's name, or by v1's if v2 lacks it; "cgroup" is v2 itself. Null: it is mounted nowhere. */
export type FindFolder = (controller: string) => StatsFolder | null;

/** Figures that are read together: their files, and how to parse them. */
export interface StatsGroup<T> {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Takes the texts in the order of the files; null for a file that this kernel lacks. */
  parse(texts: readonly (string | null)[]): T;
}

/** The figures in files of a controller's folder; null if it is mounted nowhere. */
export function statsIn<T>(
  folder: StatsFolder | null,
  names: readonly string[],
  parse: StatsGroup<T | null>['parse'],
): StatsGroup<T | null> {
  if (folder === null) return { files: [], parse: () => null };
  return { files: names.map((name) => `${folder.path}/${name}`), parse };
}

/** Joins groups into one, by name. */
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

/** The number in a file; null for "max", for v1's value of "no limit", and without a file. */
export function oneNumber(text: string | null | undefined): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return value < Number.MAX_SAFE_INTEGER ? value : null;
}
