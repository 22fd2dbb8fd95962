import { LikerError } from '../../common/errors.ts';
import type { ProcessSpec } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { containers, sessions } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { openAttach } from '../session/call.ts';

import { sessionFlags, sessionOptions } from '../session/session-flags.ts';
import { terminalSize } from '../session/terminal.ts';
import { TerminalSession } from '../session/terminal-session.ts';

export const attach: Command = {
  name: 'attach',
  usage: 'CONTAINER',
  summary: 'Attach the terminal to a running container, showing its recent output first',
  example: 'likerctl attach web',
  flags: [
    ...sessionFlags,
    {
      name: 'exec',
      type: 'string',
      value: 'ID',
      help: 'Attach to a process that exec has started, not to the main process',
    },
    { name: 'no-replay', type: 'bool', help: 'Do not show recent output first' },
    { name: 'no-stdin', type: 'bool', help: 'Only watch: send no input, signals or terminal size' },
  ],
  operands: [1, 1],
  async run({ flags, operands: [name = ''], context }: Invocation) {
    const connection = await context.connect();
    return attachTo({ name, flags, connection });
  },
};

/** The input of attach and start -a. */
export interface AttachJob {
  readonly name: string;
  readonly flags: FlagValues;
  readonly connection: Connection;
  /** Start the container first if it does not run. */
  readonly start?: boolean;
  /** Forward stdin, if the process takes any. Default: true. */
  readonly stdin?: boolean;
}

/** Attaches to a process of a container. Resolves to the exit code. */
export async function attachTo({
  name,
  flags,
  connection,
  start = false,
  stdin = true,
}: AttachJob): Promise<number> {
  const { container, processId, process } = await describeProcess(connection, name, flags.text('exec') ?? '');
  const readOnly = flags.bool('no-stdin');
  const size = process.tty && !readOnly ? terminalSize() : undefined;
  // With the id a repeated call does not start the container a second time.
  const requestId = start ? newRequestId() : '';
  const session = new TerminalSession({
    connection,
    open: () =>
      openAttach(connection, {
        container,
        processId,
        readOnly,
        noReplay: flags.bool('no-replay'),
        terminalSize: size ?? null,
        startContainer: start,
        requestId,
      }),
    stdin: stdin && process.openStdin && !readOnly,
    tty: process.tty,
    readOnly,
    ...sessionOptions(flags),
  });
  return session.run();
}

interface FoundProcess {
  /** The full id: only by it does the daemon still report how a removed container ended. */
  readonly container: string;
  readonly processId: string;
  readonly process: ProcessSpec;
}

async function describeProcess(
  connection: Connection,
  container: string,
  processId: string,
): Promise<FoundProcess> {
  if (processId === '') {
    const { container: found } = await connection.unary(containers.GetContainer, { container });
    if (found?.spec?.process) return { container: found.id, processId, process: found.spec.process };
  } else {
    const { processes } = await connection.unary(sessions.ListProcesses, { container });
    const found = processes.find((process) => process.processId.startsWith(processId));
    if (found?.spec) return { container: found.containerId, processId: found.processId, process: found.spec };
  }
  throw new LikerError(
    'PROCESS_NOT_FOUND',
    `Cannot attach to '${container}': it has no process '${processId}'`,
  );
}
