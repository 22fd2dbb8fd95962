import { Parser } from 'yargs/helpers';
import { asError } from '../../common/errors.ts';
import type { Command } from './command.ts';
import { checkDockerFlag, dockerFlags, globalDockerFlags } from './docker-flags.ts';
import { type Flag, FlagValues } from './flag.ts';
import { normalizeArgs } from './normalize.ts';
import { UsageError } from './usage-error.ts';

/** A command line as understood; undefined when it asks for help. */
export interface Parsed {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
}

/** Flags that every command takes. */
export const commonFlags: readonly Flag[] = [
  { name: 'help', type: 'bool', help: 'Show this help' },
  { name: 'host', short: 'H', type: 'string', value: 'unix://PATH', help: 'Socket of the daemon' },
];

const parserConfiguration = {
  'camel-case-expansion': false,
  'dot-notation': false,
  'boolean-negation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'duplicate-arguments-array': true,
  'greedy-arrays': false,
  'nargs-eats-options': true,
};

/** Flags before the command. */
const globalFlags: readonly Flag[] = [
  ...commonFlags,
  { name: 'version', short: 'v', type: 'bool', help: 'Print the version of likerctl' },
  ...globalDockerFlags,
];

/** Parses what comes before the name of a command; the operands are the name and the rest. Throws {@link UsageError}. */
export function parseGlobalFlags(argv: readonly string[]): Parsed {
  try {
    const { flags, operands } = normalizeArgs(argv, globalFlags, true);
    return { flags: new FlagValues(parseFlags(flags, globalFlags)), operands };
  } catch (error) {
    throw new UsageError('', asError(error).message);
  }
}

/** Parses what follows the name of a command. Throws {@link UsageError}. */
export function parseCommandLine(command: Command, argv: readonly string[]): Parsed {
  const flags = [...command.flags, ...dockerFlags(command.name), ...commonFlags];
  try {
    const { flags: items, operands } = normalizeArgs(argv, flags, command.stopsAtOperand === true);
    const values = new FlagValues(parseFlags(items, flags));
    if (!values.bool('help')) checkOperands(command, operands);
    return { flags: values, operands };
  } catch (error) {
    if (error instanceof Error) throw new UsageError(command.name, error.message);
    throw error;
  }
}

/** The items have one spelling and known names: what is left to yargs is its parser, without the building of a help. */
function parseFlags(items: readonly string[], flags: readonly Flag[]): Map<string, readonly string[]> {
  if (items.length === 0) return new Map();
  const booleans = flags.filter(({ type }) => type === 'bool').map(({ name }) => name);
  const texts = flags.filter(({ type }) => type !== 'bool').map(({ name }) => name);
  const parsed = Parser([...items], {
    boolean: booleans,
    string: texts,
    narg: Object.fromEntries(texts.map((name) => [name, 1])), // which leaves quotes as they are
    configuration: parserConfiguration,
  });
  const values = new Map<string, readonly string[]>();
  for (const flag of flags) {
    const value: unknown = parsed[flag.name];
    if (value === undefined) continue;
    const list = (Array.isArray(value) ? value : [value]).map(String);
    // As in Docker, an empty word for a choice means that none was made.
    if (flag.choices !== undefined && list.at(-1) === '') continue;
    for (const text of list) checkValue(flag, text);
    values.set(flag.name, list);
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

function checkOperands(command: Command, operands: readonly string[]): void {
  const [least, most] = command.operands;
  if (operands.length < least) {
    const needed = least === 1 ? 'at least 1 argument' : `at least ${least} arguments`;
    throw new Error(most === least ? `requires ${count(least)}` : `requires ${needed}`);
  }
  if (operands.length > most)
    throw new Error(most === 0 ? 'accepts no arguments' : `accepts at most ${count(most)}`);
}

function count(number: number): string {
  return number === 1 ? '1 argument' : `${number} arguments`;
}
