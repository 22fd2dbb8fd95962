import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { lockFile } from '../native/libliker.ts';

/**
 * Makes the folder this daemon's alone until it ends: two on one would clear away each other's containers. Answers the fd
 * that holds the lock. Throws ALREADY_RUNNING, which names the other by what the kernel says.
 */
export function claimFolder(option: '--root' | '--run', folder: string): number {
  const path = join(folder, 'likerd.lock');
  let lock = lockFile(path);
  // Of a file that an earlier version left open to all and that no daemon has locked.
  if ('holder' in lock && isStranger(lock.holder)) {
    rmSync(path);
    lock = lockFile(path);
  }
  if ('fd' in lock) return lock.fd;
  const pid = String(lock.holder);
  throw new LikerError(
    'ALREADY_RUNNING',
    `Cannot use '${folder}': likerd with pid ${pid} holds it; stop that one, or give another ${option}`,
    { metadata: { pid, [option.slice(2)]: folder } },
  );
}

/** A process that does not run as root is no likerd. */
function isStranger(pid: number): boolean {
  return (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0) !== 0;
}
