import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { lockFile } from '../native/libliker.ts';

/**
 * Claims the folder for this daemon until it ends: two daemons on one folder would remove each other's containers. Returns the fd
 * that holds the lock. Throws ALREADY_RUNNING, which names the process that holds it.
 */
export function claimFolder(option: '--root' | '--run', folder: string): number {
  const path = join(folder, 'likerd.lock');
  let lock = lockFile(path);
  // The lock may be on a file that an earlier version left open to all, and be held by another program.
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

/** Whether the process is another program: likerd runs as root. */
function isStranger(pid: number): boolean {
  return (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0) !== 0;
}
