import { badArgument } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { engineFailureCode } from '../cli/exit-codes.ts';
import { printLines } from '../output/print.ts';
import { parseContainerSpec } from '../request/container-spec.ts';
import { containerFlags } from '../request/flags.ts';
import { terminalSize } from '../session/terminal.ts';
import { dryRun, dryRunFlags, isDryRun } from './dry-run.ts';
import { reserveIdFiles } from './id-files.ts';
import { haveImages, imageFlags } from './needed-image.ts';
import { createContainer } from './run-detached.ts';

export const create: Command = {
  name: 'create',
  usage: 'IMAGE|DIR [COMMAND] [ARG...]',
  summary: 'Create a container without starting it, and print its id',
  example: 'likerctl create -it --name web debian bash',
  flags: [...containerFlags, ...dryRunFlags, ...imageFlags],
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  failureCode: engineFailureCode,
  async run(invocation) {
    const { flags, operands, context } = invocation;
    const spec = parseContainerSpec(flags, operands, terminalSize());
    if (flags.has('pidfile')) {
      throw badArgument(
        'pidfile',
        'Cannot write a pidfile: a created container has no process yet; give --pidfile to run',
      );
    }
    if (isDryRun(flags)) return dryRun(invocation, spec);
    using idFiles = reserveIdFiles(flags);
    const connection = await context.connect();
    await haveImages(connection, spec, flags);
    const { id } = await createContainer({ spec, flags, connection, idFiles });
    idFiles.write(id, 0);
    printLines([id]);
    return 0;
  },
};
