import { join } from 'node:path';
import { LikerError } from '../common/errors.ts';
import { lockFile } from './native/libliker.ts';

/**
 * Makes the folder this daemon's alone until it ends: two on one would clear away each other's containers. Answers the fd
 * that holds the lock. Throws ALREADY_RUNNING, which names the other by what the kernel says.
 */
export function claimFolder(option: '--root' | '--run', folder: string): number {
  const lock = lockFile(join(folder, 'likerd.lock'));
  if ('fd' in lock) return lock.fd;
  const pid = String(lock.holder);
  throw new LikerError(
    'ALREADY_RUNNING',
    `Cannot use '${folder}': likerd with pid ${pid} holds it; stop that one, or give another ${option}`,
    { metadata: { pid, [option.slice(2)]: folder } },
  );
}
