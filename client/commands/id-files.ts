import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { badArgument } from '../../common/errors.ts';
import { fileProblem } from '../cli/file-problem.ts';
import type { FlagValues } from '../cli/flag.ts';
import { notice } from '../output/notice.ts';

/** The files of --cidfile and --pidfile. A cidfile that nothing was written to is removed at the end. */
export interface IdFiles extends Disposable {
  /** Writes what the daemon has answered; a pid of 0 means no process. A pidfile that cannot be written is reported, and nothing else fails. */
  write(containerId: string, pid: number): void;
}

/** Makes the cidfile before anything else is done. Throws BAD_ARGUMENT when it exists already. */
export function reserveIdFiles(flags: FlagValues): IdFiles {
  const cidfile = flags.text('cidfile') || undefined;
  const pidfile = flags.text('pidfile') || undefined;
  let fd = cidfile === undefined ? undefined : reserve(cidfile);
  return {
    write(containerId, pid) {
      if (fd !== undefined) {
        writeSync(fd, containerId);
        closeSync(fd);
        fd = undefined;
      }
      if (pidfile !== undefined && pid > 0) writePid(pidfile, pid);
    },
    [Symbol.dispose]() {
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
    throw badArgument(
      'cidfile',
      `Cannot write the container id to '${cidfile}': ${fileProblem(error, 'write')}`,
    );
  }
}

function writePid(pidfile: string, pid: number): void {
  try {
    writeFileSync(pidfile, `${pid}`);
  } catch (error) {
    notice(`Cannot write the pid to '${pidfile}': ${fileProblem(error, 'write')}`);
  }
}
