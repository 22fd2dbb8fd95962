import { Parser } from 'yargs/helpers';
import { asError } from '../../common/errors.ts';
import { type Arguments, type KnownFlags, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { checkDockerFlag, dockerFlags, globalDockerFlags } from './docker-flags.ts';
import { type Flag, FlagValues } from './flag.ts';
import { UsageError } from './usage-error.ts';

/** A parsed command line. */
export interface Parsed {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
}

/** Flags that every command takes. */
export const commonFlags: readonly Flag[] = [
  { name: 'help', type: 'bool', help: 'Show this help' },
  { name: 'host', short: 'H', type: 'string', value: 'unix://PATH', help: 'Socket of the daemon' },
];

/** Flags that stand before the command. */
const globalFlags: readonly Flag[] = [
  ...commonFlags,
  { name: 'version', short: 'v', type: 'bool', help: 'Print the version of likerctl' },
];

/** Parses the flags before the command; the command and its arguments become the operands. Throws {@link UsageError}. */
export function parseGlobalFlags(argv: readonly string[]): Parsed {
  return parse('', argv, { own: globalFlags, docker: globalDockerFlags }, true);
}

/** Parses the arguments of a command. Throws {@link UsageError}. */
export function parseCommandLine(command: Command, argv: readonly string[]): Parsed {
  const { name, flags, stopsAtOperand = false } = command;
  const known = { own: [...flags, ...commonFlags], docker: () => dockerFlags(name) };
  const parsed = parse(name, argv, known, stopsAtOperand);
  if (!parsed.flags.bool('help')) checkOperands(command, parsed.operands);
  return parsed;
}

function parse(command: string, argv: readonly string[], known: KnownFlags, stopsAtOperand: boolean): Parsed {
  try {
    const { given, operands } = readArguments(argv, known, stopsAtOperand);
    return { flags: new FlagValues(valuesOf(given)), operands };
  } catch (error) {
    throw new UsageError(command, asError(error).message);
  }
}

/**
 * Checks the values and groups them by flag. yargs' parser only groups: it cannot read Docker's grammar, because it splits `-uroot` into
 * five flags, accepts unknown flags and takes `--tty=maybe` for false.
 */
function valuesOf(given: Arguments['given']): Map<string, readonly string[]> {
  const flags = new Map(given.map(([flag]) => [flag.name, flag]));
  const names = [...flags.keys()];
  const parsed = Parser(
    given.map(([{ name }, value]) => `--${name}=${value}`),
    // Without narg the parser strips quotes.
    { string: names, narg: Object.fromEntries(names.map((name) => [name, 1])) },
  );
  const values = new Map<string, readonly string[]>();
  for (const [name, flag] of flags) {
    const list = [parsed[name]].flat().map(String);
    // As in Docker, an empty value stands for no choice.
    if (flag.choices !== undefined && list.at(-1) === '') continue;
    for (const text of list) checkValue(flag, text);
    values.set(name, list);
  }
  return values;
}

function checkValue(flag: Flag, text: string): void {
  checkDockerFlag(flag, text);
  if (flag.type === 'int' && !/^-?\d+$/.test(text)) {
    throw new Error(`invalid argument '${text}' for --${flag.name}: use a whole number, such as 10`);
  }
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    throw new Error(`invalid argument '${text}' for --${flag.name}: use ${flag.choices.join(', ')}`);
  }
}

function checkOperands({ name, operands: [least, most] }: Command, { length }: readonly string[]): void {
  const wrong = (text: string): UsageError => new UsageError(name, text);
  if (length < least) throw wrong(`requires ${most === least ? '' : 'at least '}${count(least)}`);
  if (length > most) throw wrong(most === 0 ? 'accepts no arguments' : `accepts at most ${count(most)}`);
}

function count(number: number): string {
  return number === 1 ? '1 argument' : `${number} arguments`;
}
