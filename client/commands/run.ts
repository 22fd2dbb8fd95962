import { randomUUID } from 'node:crypto';
import type { Command, Invocation } from '../cli/command.ts';
import { engineFailureCode } from '../cli/exit-codes.ts';
import { socketPath } from '../connection/address.ts';
import { openRun } from '../session/call.ts';
import { detachKeysFlag, sessionKeys } from '../session/detach-keys.ts';
import { requireTerminal } from '../session/require-terminal.ts';
import { Session } from '../session/session.ts';
import { terminalSize } from '../session/terminal.ts';
import { parseContainerSpec } from '../spec/container-spec.ts';
import { containerFlags } from '../spec/flags.ts';
import { reserveIdFiles } from './id-files.ts';
import { runDetached } from './run-detached.ts';

export const run: Command = {
  name: 'run',
  usage: 'ROOTFS [COMMAND] [ARG...]',
  summary:
    'Create and start a container, and attach to it. ROOTFS is a directory: DIR (a throw-away layer over it), DIR:rw or DIR:ro',
  example: 'likerctl run -it --rm ./rootfs bash',
  flags: [
    ...containerFlags,
    { name: 'detach', short: 'd', type: 'bool', help: 'Leave it running in the background and print its id' },
    detachKeysFlag,
    {
      name: 'sig-proxy',
      type: 'bool',
      fallback: 'true',
      help: 'Pass signals on to the process (without a terminal)',
    },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  failureCode: engineFailureCode,
  run: runContainer,
};

async function runContainer(invocation: Invocation): Promise<number> {
  const { flags, operands, context } = invocation;
  const spec = parseContainerSpec(flags, operands, terminalSize());
  const detachKeys = sessionKeys(flags);
  const isDetached = flags.bool('detach');
  if (!isDetached) requireTerminal(flags);
  using idFiles = reserveIdFiles(flags);
  const connection = await context.connect();
  if (isDetached) return await runDetached({ spec, flags, connection, idFiles });
  const requestId = randomUUID();
  const session = new Session({
    socketPath: socketPath(context.host),
    open: () => openRun(connection, { spec, requestId, replace: flags.bool('replace') }),
    canReopen: true,
    stdin: flags.bool('interactive'),
    tty: flags.bool('tty'),
    readOnly: false,
    detachKeys,
    sigProxy: flags.bool('sig-proxy', true),
    onReady: (ready) => idFiles.write(ready.containerId, ready.pid),
  });
  return await session.run();
}
