/** One flag of a command. Parsing, help and completion all derive from it. */
export interface Flag {
  /** Long name, without dashes. */
  readonly name: string;
  readonly short?: string;
  /** A `list` may be given several times; for the other types the last value counts. */
  readonly type: 'bool' | 'string' | 'int' | 'list';
  readonly help: string;
  /** The placeholder for the value in the help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** What a shell offers: values, and beginnings of values that end with = or a colon. Others are valid, too. */
  readonly suggestions?: readonly string[];
  /** The names of networks are valid values, too. */
  readonly suggestsNetworks?: true;
  /** Further long names. */
  readonly aliases?: readonly string[];
  /** The default, as the help shows it. */
  readonly fallback?: string;
  /** Set on flags of Docker's that have no effect here. */
  readonly docker?: {
    /** The values that are accepted; none without it. */
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

  /** The last value; undefined if the flag was not given. */
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
