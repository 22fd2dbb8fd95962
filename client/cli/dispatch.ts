import { asError, LikerError } from '../../common/errors.ts';
import { defaultHost } from '../connection/address.ts';
import { notice } from '../output/notice.ts';
import { printError, printText } from '../output/print.ts';
import type { Command } from './command.ts';
import { engineFailureCode } from './exit-codes.ts';
import { ExitRequest } from './exit-request.ts';
import { LazyContext } from './lazy-context.ts';
import { parseCommandLine } from './parse.ts';
import { type CommandEntry, commands, findCommand } from './registry.ts';
import { UsageError } from './usage-error.ts';
import { clientVersion } from './version.ts';

/** The exit code of what fails now; also where nobody waits for it, as for a write to stdout. */
export interface Failure {
  code: number;
}

/** Carries out a command line. Resolves to the exit code; everything that goes wrong is printed. */
export async function dispatch(
  argv: readonly string[],
  failure: Failure = { code: engineFailureCode },
): Promise<number> {
  try {
    const { host, rest } = globalFlags(argv);
    const [first] = rest;
    if (first === undefined || first === '--help' || first === 'help') return await help(rest.slice(1));
    if (first === '--version' || first === '-v') return print(`likerctl version ${clientVersion}`);
    const found = findCommand(rest);
    if (found === undefined) throw unknownCommand(rest);
    const command = await found.entry.load();
    const { flags, operands } = parseCommandLine(command, found.rest);
    if (flags.bool('help')) return await printHelp(command);
    failure.code = command.failureCode ?? 1;
    await using context = new LazyContext(flags.text('host') ?? host);
    return await command.run({ flags, operands, context });
  } catch (error) {
    return report(asError(error), failure.code);
  }
}

/** Prints one error in the words that are meant for the user; never a stack. */
export function report(error: Error, failureCode: number): number {
  if (error instanceof ExitRequest) return error.code;
  if (error instanceof UsageError) {
    for (const line of error.lines) printError(line);
    return engineFailureCode;
  }
  // What Node and its libraries say may have several lines.
  const unexpected = (): string => `Unexpected failure: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`;
  notice(error instanceof LikerError ? error.message : unexpected());
  return failureCode;
}

function globalFlags(argv: readonly string[]): { host: string; rest: readonly string[] } {
  let host = process.env['LIKER_HOST'] || defaultHost;
  let rest = argv;
  for (;;) {
    const [first = '', second] = rest;
    const inline = /^(?:--host=|-H=?)(.+)$/.exec(first)?.[1];
    if (inline !== undefined) {
      host = inline;
      rest = rest.slice(1);
    } else if (first === '--host' || first === '-H') {
      if (second === undefined) throw new UsageError('', `flag needs an argument: ${first}`);
      host = second;
      rest = rest.slice(2);
    } else return { host, rest };
  }
}

function unknownCommand([first = '', second]: readonly string[]): UsageError {
  if (first.startsWith('-')) return new UsageError('', `unknown flag: ${first}`);
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `));
  if (isGroup && second === undefined) return new UsageError('', `'${first}' needs a command after it`);
  return new UsageError('', `'${isGroup ? `${first} ${second}` : first}' is not a likerctl command`);
}

async function help(topic: readonly string[]): Promise<number> {
  const entry: CommandEntry | undefined = findCommand(topic)?.entry;
  if (entry !== undefined) return printHelp(await entry.load());
  const { mainHelp } = await import('./help.ts');
  return print(mainHelp());
}

async function printHelp(command: Command): Promise<number> {
  const { commandHelp } = await import('./help.ts');
  return print(commandHelp(command));
}

function print(text: string): number {
  printText(`${text}\n`);
  return 0;
}
