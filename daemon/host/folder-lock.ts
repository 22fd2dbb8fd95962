import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasReason, LikerError } from '../../common/errors.ts';
import { lockFile } from '../native/libliker.ts';

/**
 * Claims the folder for this daemon until it ends: two daemons on one folder would remove each other's containers. Returns the fd
 * that holds the lock. Throws ALREADY_RUNNING, which names the process that holds it, and NOT_PERMITTED.
 */
export function claimFolder(option: '--root' | '--run', folder: string): number {
  const path = join(folder, 'likerd.lock');
  let lock = tryLock(path, { option, folder });
  // The lock may be on a file that an earlier version left open to all, and be held by another program.
  if ('holder' in lock && isStranger(lock.holder, path)) {
    rmSync(path);
    lock = tryLock(path, { option, folder });
  }
  if ('fd' in lock) return lock.fd;
  const pid = String(lock.holder);
  throw new LikerError(
    'ALREADY_RUNNING',
    `Cannot use '${folder}': likerd with pid ${pid} holds it; stop that one, or give another ${option}`,
    { metadata: { pid, [option.slice(2)]: folder } },
  );
}

function tryLock(
  path: string,
  { option, folder }: { readonly option: string; readonly folder: string },
): ReturnType<typeof lockFile> {
  try {
    return lockFile(path);
  } catch (error) {
    if (!hasReason(error, 'NOT_PERMITTED')) throw error;
    const message = `Cannot use '${folder}': the user who runs likerd may not write '${path}', where another user's likerd may have run; give another ${option}`;
    throw new LikerError('NOT_PERMITTED', message, { cause: error, metadata: { [option.slice(2)]: folder } });
  }
}

/** Whether the process is another program: likerd runs as root, or as the user whose folder it is. */
function isStranger(pid: number, path: string): boolean {
  const file = statSync(path);
  const uid = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0;
  return (file.mode & 0o077) !== 0 && uid !== 0 && uid !== file.uid;
}
