import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { asError, badArgument } from '../../common/errors.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';

/** The files of --cidfile and --pidfile. A cidfile that nothing was written to is removed at the end. */
export interface IdFiles extends AsyncDisposable {
  /** Writes the id and, by asking the daemon, the pid. What fails is said, and harms nothing. */
  write(containerId: string, connection: Connection): void;
}

/** Makes the cidfile before anything else is done. Throws BAD_ARGUMENT when it exists already. */
export function reserveIdFiles(flags: FlagValues): IdFiles {
  const cidfile = flags.text('cidfile');
  const pidfile = flags.text('pidfile');
  let fd = cidfile === undefined ? undefined : reserve(cidfile);
  let pidWritten = Promise.resolve();
  return {
    write(containerId, connection) {
      if (fd !== undefined) {
        writeSync(fd, containerId);
        closeSync(fd);
        fd = undefined;
      }
      if (pidfile !== undefined) pidWritten = writePid(pidfile, containerId, connection);
    },
    async [Symbol.asyncDispose]() {
      await pidWritten;
      if (fd === undefined || cidfile === undefined) return;
      closeSync(fd);
      rmSync(cidfile, { force: true });
    },
  };
}

function reserve(cidfile: string): number {
  try {
    return openSync(cidfile, 'wx', 0o644);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST'
        ? 'it exists already; make sure that the other container is gone, or delete the file'
        : (code ?? String(error));
    throw badArgument('cidfile', `Cannot write the container id to ${cidfile}: ${why}`);
  }
}

async function writePid(pidfile: string, containerId: string, connection: Connection): Promise<void> {
  try {
    const { container } = await connection.unary(containers.GetContainer, { container: containerId });
    writeFileSync(pidfile, `${container?.pid ?? 0}`);
  } catch (error) {
    notice(`Cannot write the pid to ${pidfile}: ${asError(error).message}`);
  }
}
