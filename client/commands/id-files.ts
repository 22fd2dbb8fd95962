import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { badArgument, type LikerError } from '../../common/errors.ts';
import { fileProblem } from '../cli/file-problem.ts';
import type { FlagValues } from '../cli/flag.ts';
import { notice } from '../output/notice.ts';

/** The files of --cidfile and --pidfile. Disposing removes a cidfile to which nothing was written. */
export interface IdFiles extends Disposable {
  /** Writes the daemon's answer; a pid of 0 means no process. If the pidfile cannot be written, prints a notice and goes on. */
  write(containerId: string, pid: number): void;
}

/** Creates the cidfile before anything else. Throws BAD_ARGUMENT if it exists already. */
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

/** Throws BAD_ARGUMENT if the cidfile exists already, as reserveIdFiles does. Creates nothing. */
export function requireNewFile(flags: FlagValues): void {
  const cidfile = flags.text('cidfile') || undefined;
  if (cidfile !== undefined && existsSync(cidfile)) throw cannotWriteId(cidfile, { code: 'EEXIST' });
}

function reserve(cidfile: string): number {
  try {
    return openSync(cidfile, 'wx', 0o644);
  } catch (error) {
    throw cannotWriteId(cidfile, error);
  }
}

function cannotWriteId(cidfile: string, error: unknown): LikerError {
  return badArgument(
    'cidfile',
    `Cannot write the container id to '${cidfile}': ${fileProblem(error, 'write')}`,
  );
}

function writePid(pidfile: string, pid: number): void {
  try {
    writeFileSync(pidfile, `${pid}`);
  } catch (error) {
    notice(`Cannot write the pid to '${pidfile}': ${fileProblem(error, 'write')}`);
  }
}
