import { asError, hasReason } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { engineFailureCode, signalExitCode } from '../cli/exit-codes.ts';
import type { Flag } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { containers, sessions } from '../connection/methods.ts';
import { stateWord } from '../format/status.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { parseOnDisconnect, parseProcess, processFlags } from '../request/process-spec.ts';
import { newRequestId } from '../request/request-id.ts';
import { openExec } from '../session/call.ts';
import { takeHandedOver } from '../session/handed-over.ts';
import { requireTerminal } from '../session/require-terminal.ts';

import { sessionFlags, sessionOptions } from '../session/session-flags.ts';
import { terminalSize } from '../session/terminal.ts';
import { TerminalSession } from '../session/terminal-session.ts';
import { startFailure } from './run-detached.ts';

const flags: readonly Flag[] = [
  { name: 'detach', short: 'd', type: 'bool', help: 'Run in the background' },
  ...sessionFlags,
  ...processFlags('hangup'),
  { name: 'privileged', type: 'bool', help: 'Give all capabilities of the daemon, without seccomp filter' },
  {
    name: 'workdir',
    short: 'w',
    type: 'string',
    value: 'DIR',
    help: 'Working directory in the container, which must exist',
  },
];

export const exec: Command = {
  name: 'exec',
  usage: 'CONTAINER COMMAND [ARG...]',
  summary: 'Execute a command in a running container',
  example: 'likerctl exec -it web bash',
  flags,
  operands: [2, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  failureCode: engineFailureCode,
  run: execInContainer,
};

async function execInContainer(invocation: Invocation): Promise<number> {
  const { flags, operands, context } = invocation;
  const [container = '', ...args] = operands;
  if (flags.bool('detach')) return execDetached(invocation, container, args);
  requireTerminal(flags);
  const process = parseProcess(flags, args, terminalSize());
  const onDisconnect = parseOnDisconnect(flags);
  const connection = await context.connect();
  const handedOver = takeHandedOver();
  const requestId = handedOver?.requestId ?? newRequestId();
  const session = new TerminalSession({
    connection,
    open: (begun) => openExec(connection, { container, process, onDisconnect, requestId }, begun),
    handedOver,
    stdin: flags.bool('interactive'),
    tty: flags.bool('tty'),
    readOnly: false,
    ...sessionOptions(flags),
  });
  const code = await session.run();
  if (code === signalExitCode('SIGKILL')) await tellEnd(connection, container, flags.bool('tty'));
  return code;
}

/** Prints a notice if the process was killed because its container ended. */
async function tellEnd(connection: Connection, name: string, isTerminal: boolean): Promise<void> {
  const tell = (text: string): void => {
    // Start a new line after the prompt that a shell has left.
    if (isTerminal) printError('');
    notice(text);
  };
  try {
    const { container } = await connection.unary(
      containers.GetContainer,
      { container: name },
      { deadlineMs: 2000 },
    );
    const word = container && stateWord(container);
    if (word !== 'running') tell(`container '${name}' ended, and the process with it`);
  } catch (error) {
    if (hasReason(error, 'CONTAINER_NOT_FOUND'))
      tell(`container '${name}' was removed, and the process ended with it`);
  }
}

async function execDetached(
  { flags, context }: Invocation,
  container: string,
  args: readonly string[],
): Promise<number> {
  const process = parseProcess(flags, args, undefined);
  const connection = await context.connect();
  try {
    await connection.unary(sessions.StartExec, { container, process, requestId: newRequestId() });
    return 0;
  } catch (error) {
    return startFailure(asError(error));
  }
}
