import type { Flag } from './flag.ts';
import { didYouMean } from './suggest.ts';

/** A command line split into its flags, one `--name` or `--name=value` each, and its operands. */
export interface NormalArgs {
  readonly flags: readonly string[];
  readonly operands: readonly string[];
}

/**
 * Brings a command line into one spelling: `-itw/tmp`, `-e A=b`, `--name x` and `--net=none` become `--name=value`
 * items, so that a value is never taken for a flag. Throws an Error whose message is fit for the user.
 */
export function normalizeArgs(
  argv: readonly string[],
  flags: readonly Flag[],
  stopsAtOperand: boolean,
): NormalArgs {
  const reader = new ArgReader(argv, flags);
  const operands: string[] = [];
  for (let arg = reader.next(); arg !== undefined; arg = reader.next()) {
    if (arg === '--') return { flags: reader.found, operands: [...operands, ...reader.rest()] };
    if (arg.startsWith('--')) reader.long(arg.slice(2));
    else if (arg.startsWith('-') && arg !== '-') reader.shorts(arg.slice(1));
    else {
      operands.push(arg);
      if (stopsAtOperand) return { flags: reader.found, operands: [...operands, ...reader.rest()] };
    }
  }
  return { flags: reader.found, operands };
}

class ArgReader {
  readonly found: string[] = [];
  readonly #argv: readonly string[];
  readonly #long = new Map<string, Flag>();
  readonly #short = new Map<string, Flag>();
  #index = 0;

  constructor(argv: readonly string[], flags: readonly Flag[]) {
    this.#argv = argv;
    for (const flag of flags) {
      for (const name of [flag.name, ...(flag.aliases ?? [])]) this.#long.set(name, flag);
      if (flag.short !== undefined) this.#short.set(flag.short, flag);
    }
  }

  next(): string | undefined {
    return this.#argv[this.#index++];
  }

  rest(): readonly string[] {
    return this.#argv.slice(this.#index);
  }

  long(text: string): void {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const value = equals === -1 ? undefined : text.slice(equals + 1);
    const flag = this.#long.get(name);
    if (flag !== undefined) {
      this.#add(flag, `--${name}`, value);
      return;
    }
    const positive = name.startsWith('no-') ? this.#long.get(name.slice(3)) : undefined;
    if (positive?.type !== 'bool' || value !== undefined) throw this.#unknown(name);
    this.#add(positive, `--${name}`, 'false');
  }

  #unknown(name: string): Error {
    const known = [...this.#long]
      .filter(([, { docker }]) => docker === undefined)
      .map(([word]) => `--${word}`);
    return new Error(`unknown flag: --${name}${didYouMean(`--${name}`, known)}`);
  }

  /** One or more short flags; what follows one that takes a value is its value. */
  shorts(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const letter = text.charAt(index);
      const flag = this.#short.get(letter);
      if (flag === undefined) throw new Error(`unknown shorthand flag: '${letter}' in -${text}`);
      const rest = text.slice(index + 1);
      if (flag.type !== 'bool' || rest.startsWith('=')) {
        this.#add(flag, `-${letter}`, rest === '' ? undefined : rest.replace(/^=/, ''));
        return;
      }
      this.#add(flag, `-${letter}`, undefined);
    }
  }

  #add(flag: Flag, spelling: string, value: string | undefined): void {
    if (flag.type === 'bool') {
      this.found.push(`--${flag.name}=${booleanValue(spelling, value ?? 'true')}`);
      return;
    }
    const given = value ?? flag.bare ?? this.next();
    if (given === undefined) throw new Error(`flag needs an argument: ${spelling}`);
    this.found.push(`--${flag.name}=${given}`);
  }
}

function booleanValue(spelling: string, value: string): string {
  if (/^(1|t|true)$/i.test(value)) return 'true';
  if (/^(0|f|false)$/i.test(value)) return 'false';
  throw new Error(`invalid argument '${value}' for ${spelling}: use true or false`);
}
