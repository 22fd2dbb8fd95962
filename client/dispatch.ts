import { asError, LikerError } from '../common/errors.ts';
import type { Command, CommandEntry } from './cli/command.ts';
import { missingDockerCommand } from './cli/docker-commands.ts';
import { engineFailureCode } from './cli/exit-codes.ts';
import { ExitRequest } from './cli/exit-request.ts';
import { LazyContext } from './cli/lazy-context.ts';
import { parseCommandLine, parseGlobalFlags } from './cli/parse.ts';
import { didYouMean } from './cli/suggest.ts';
import { UsageError } from './cli/usage-error.ts';
import { requireUtf8Arguments } from './cli/utf8.ts';
import { clientVersion } from './cli/version.ts';
import { hostFrom } from './connection/address.ts';
import { notice } from './output/notice.ts';
import { printError, printText } from './output/print.ts';
import { commandGroups, commandNames, commands, findCommand } from './registry.ts';

/** The exit code for a failure at this point; also for failures that no caller awaits, such as a write to stdout. */
export interface Failure {
  code: number;
}

/** Runs a command line. Prints every error and resolves to the exit code. */
export async function dispatch(
  argv: readonly string[],
  failure: Failure = { code: engineFailureCode },
): Promise<number> {
  try {
    requireUtf8Arguments(argv);
    const { flags: globals, operands: rest } = parseGlobalFlags(argv);
    if (globals.bool('version')) return print(`likerctl version ${clientVersion}`);
    if (globals.bool('help') || rest.length === 0) return await help(rest);
    if (rest[0] === 'help') return await help(rest.slice(1));
    const found = findCommand(rest);
    if (found === undefined && commandGroups.has(rest[0] ?? '') && rest[1] === '--help')
      return await help([]);
    if (found === undefined) throw unknownCommand(rest);
    const command = await found.entry.load();
    const { flags, operands } = parseCommandLine(command, found.rest);
    if (flags.bool('help')) return await printHelp(command);
    failure.code = command.failureCode ?? 1;
    const host = flags.text('host') ?? globals.text('host') ?? hostFrom(process.env);
    await using context = new LazyContext(host, flags);
    return await command.run({ flags, operands, context });
  } catch (error) {
    return report(asError(error), failure.code);
  }
}

/** Prints an error for the user, without a stack. Returns the exit code. */
export function report(error: Error, failureCode: number): number {
  if (error instanceof ExitRequest) return error.code;
  if (error instanceof UsageError) {
    for (const line of error.lines) printError(line);
    return engineFailureCode;
  }
  // Messages of Node.js and of libraries may span several lines.
  const unexpected = (): string => `Unexpected failure: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`;
  notice(error instanceof LikerError ? error.message : unexpected());
  return failureCode;
}

function unknownCommand(argv: readonly string[]): UsageError {
  const [first = '', second] = argv;
  const missing = missingDockerCommand(argv);
  if (missing !== undefined) return new UsageError('', missing);
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `));
  if (isGroup && second === undefined) return new UsageError('', `'${first}' needs a command after it`);
  const typed = isGroup ? `${first} ${second}` : first;
  const words = [...commandNames(), ...(isGroup ? [] : commandGroups)];
  return new UsageError('', `'${typed}' is not a likerctl command${didYouMean(typed, words)}`);
}

async function help(topic: readonly string[]): Promise<number> {
  const entry: CommandEntry | undefined = findCommand(topic)?.entry;
  if (entry !== undefined) return printHelp(await entry.load());
  const [first] = topic;
  if (first !== undefined && !commandGroups.has(first)) throw unknownCommand(topic);
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
