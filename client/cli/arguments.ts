import type { Flag } from './flag.ts';
import { didYouMean } from './suggest.ts';

/** The parts of a command line: flags with their values, in the order given, and operands. */
export interface Arguments {
  readonly given: readonly (readonly [Flag, string])[];
  readonly operands: readonly string[];
}

/** The flags that a command line may have. */
export interface KnownFlags {
  readonly own: readonly Flag[];
  /** Flags that only Docker has. Called only for a flag that is not in `own`. */
  readonly docker: () => readonly Flag[];
}

function find({ own, docker }: KnownFlags, isWanted: (flag: Flag) => boolean): Flag | undefined {
  return own.find(isWanted) ?? docker().find(isWanted);
}

/**
 * Splits a command line by Docker's grammar: `-itw/tmp`, `-e A=b`, `--name x`, `--net=none`, `--no-init`. Flags end at `--`, and with
 * `stopsAtOperand` at the first operand. Throws an Error with a message for the user.
 */
export function readArguments(
  argv: readonly string[],
  known: KnownFlags,
  stopsAtOperand: boolean,
): Arguments {
  const words = argv.values();
  const given: (readonly [Flag, string])[] = [];
  const operands: string[] = [];
  for (const word of words) {
    if (word === '--') break;
    if (word.startsWith('--')) given.push(readLong(word, words, known));
    else if (/^-./s.test(word)) given.push(...readShorts(word, words, known));
    else {
      operands.push(word);
      if (stopsAtOperand) break;
    }
  }
  return { given, operands: [...operands, ...words] };
}

function readLong(word: string, words: Iterator<string>, known: KnownFlags): readonly [Flag, string] {
  const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const named = (wanted: string): Flag | undefined =>
    find(known, (flag) => flag.name === wanted || flag.aliases?.includes(wanted) === true);
  const flag = named(name);
  if (flag !== undefined) return [flag, takeValue(flag, `--${name}`, attached, words)];
  const negated = attached === undefined && name.startsWith('no-') ? named(name.slice(3)) : undefined;
  if (negated?.type === 'bool') return [negated, 'false'];
  const names = known.own.flatMap(({ name, aliases = [] }) => [name, ...aliases]).map((text) => `--${text}`);
  throw new Error(`unknown flag: --${name}${didYouMean(`--${name}`, names)}`);
}

/** Reads a group of short flags. A flag that takes a value takes the rest of the group. */
function* readShorts(
  word: string,
  words: Iterator<string>,
  known: KnownFlags,
): Generator<readonly [Flag, string]> {
  for (let rest = word.slice(1); rest !== ''; ) {
    const letter = rest.charAt(0);
    const flag = find(known, ({ short }) => short === letter);
    if (flag === undefined) throw new Error(`unknown shorthand flag: '${letter}' in ${word}`);
    rest = rest.slice(1);
    const isLast = flag.type !== 'bool' || rest.startsWith('=');
    const attached = isLast && rest !== '' ? rest.replace(/^=/, '') : undefined;
    yield [flag, takeValue(flag, `-${letter}`, attached, words)];
    if (isLast) return;
  }
}

function takeValue(
  { type }: Flag,
  spelling: string,
  attached: string | undefined,
  words: Iterator<string>,
): string {
  if (type === 'bool') return booleanValue(spelling, attached ?? 'true');
  const value = attached ?? words.next().value;
  if (value === undefined) throw new Error(`flag needs an argument: ${spelling}`);
  return value;
}

function booleanValue(spelling: string, value: string): string {
  if (/^(1|t|true)$/i.test(value)) return 'true';
  if (/^(0|f|false)$/i.test(value)) return 'false';
  throw new Error(`invalid argument '${value}' for ${spelling}: use true or false`);
}
