/** One flag of a command. Parsing, help and completion are all made from these. */
export interface Flag {
  /** Long name, without dashes. */
  readonly name: string;
  readonly short?: string;
  /** `list` may be given several times; of the others the last one counts. */
  readonly type: 'bool' | 'string' | 'int' | 'list';
  readonly help: string;
  /** Placeholder of the value in the help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** Other long names. */
  readonly aliases?: readonly string[];
  /** What the help calls the default. */
  readonly fallback?: string;
  /** One of Docker's that does nothing here. */
  readonly docker?: {
    /** Values that pass; without it, none. */
    readonly passes?: RegExp;
    /** The error for other values. */
    readonly instead: string;
  };
}

/** All spellings of a flag, the short one first. */
export function spellings({ name, short, aliases = [] }: Flag): string[] {
  const long = [name, ...aliases].map((spelling) => `--${spelling}`);
  return short === undefined ? long : [`-${short}`, ...long];
}

/** The flags that a user gave, by long name. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  bool(name: string, fallback = false): boolean {
    const value = this.text(name);
    return value === undefined ? fallback : value === 'true';
  }

  /** The last value, undefined when the flag was not given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  int(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}
