import { badArgument, hasReason } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { engineFailureCode } from '../cli/exit-codes.ts';
import type { FlagValues } from '../cli/flag.ts';
import { parseContainerSpec } from '../request/container-spec.ts';
import { containerFlags } from '../request/flags.ts';
import { invalidFlag } from '../request/invalid-flag.ts';
import { newRequestId } from '../request/request-id.ts';
import { openRun } from '../session/call.ts';
import { takeHandedOver } from '../session/handed-over.ts';
import { requireTerminal } from '../session/require-terminal.ts';
import { type OutputStream, outputStreams } from '../session/session.ts';
import { sessionFlags, sessionOptions } from '../session/session-flags.ts';
import { terminalSize } from '../session/terminal.ts';
import { TerminalSession } from '../session/terminal-session.ts';
import { dryRun, dryRunFlags, isDryRun } from './dry-run.ts';
import { reserveIdFiles } from './id-files.ts';
import { haveImages, imageFlags } from './needed-image.ts';
import { runDetached } from './run-detached.ts';

export const run: Command = {
  name: 'run',
  usage: 'IMAGE|DIR [COMMAND] [ARG...]',
  summary:
    'Create and start a container, and attach to it. Its root is an image, which is pulled if it is not here, or a directory, which begins with /, . or ~: DIR (changes go to a layer of their own), DIR:rw or DIR:ro',
  example: 'likerctl run -it --rm debian bash',
  flags: [
    ...containerFlags,
    ...dryRunFlags,
    ...imageFlags,
    { name: 'detach', short: 'd', type: 'bool', help: 'Run in the background and print the id' },
    ...sessionFlags,
    {
      name: 'attach',
      short: 'a',
      type: 'list',
      value: 'STREAM',
      help: 'Attach only to stdout or only to stderr (and to stdin with -i)',
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
  const options = sessionOptions(flags);
  if (isDryRun(flags)) return dryRun(invocation, spec);
  const isDetached = flags.bool('detach');
  const hidden = hiddenStreams(flags);
  if (!isDetached) requireTerminal(flags);
  using idFiles = reserveIdFiles(flags);
  const connection = await context.connect();
  const handedOver = takeHandedOver();
  const requestId = handedOver?.requestId ?? newRequestId();
  if (handedOver === null) await haveImages(connection, spec, flags);
  if (isDetached) return await runDetached({ spec, flags, connection, idFiles });
  const session = new TerminalSession({
    connection,
    open: (begun) => openRun(connection, { spec, requestId, replace: flags.bool('replace') }, begun),
    handedOver,
    // It was begun without a look for the image.
    async mend(error) {
      if (!hasReason(error, 'IMAGE_NOT_FOUND')) return false;
      await haveImages(connection, spec, flags);
      return true;
    },
    stdin: flags.bool('interactive'),
    tty: flags.bool('tty'),
    hidden,
    readOnly: false,
    ...options,
    onReady: (ready) => idFiles.write(ready.containerId, ready.pid),
  });
  return await session.run();
}

/** The streams that --attach leaves out; none without it. Throws BAD_ARGUMENT. */
function hiddenStreams(flags: FlagValues): readonly OutputStream[] {
  const given = flags.list('attach').map((stream) => stream.toLowerCase());
  if (given.length === 0) return [];
  const unknown = given.find((stream) => !['stdin', ...outputStreams].includes(stream));
  if (unknown !== undefined) {
    throw invalidFlag('attach', unknown, 'use stdin, stdout or stderr');
  }
  if (flags.bool('detach')) throw badArgument('attach', 'Cannot use --attach together with --detach');
  if (!given.some((stream) => stream !== 'stdin')) {
    throw badArgument(
      'attach',
      "Cannot use --attach stdin alone: it is not supported yet; use 'likerctl create -i', then 'likerctl start -ai'",
    );
  }
  return outputStreams.filter((stream) => !given.includes(stream));
}
