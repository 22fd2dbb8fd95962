import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { LikerError } from './errors.ts';
import { own } from './own.ts';

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is something that is no folder',
  ENOTDIR: 'something on the way is no folder',
  ENOENT: 'a symbolic link on the way leads nowhere',
};

/**
 * As mkdir -p -m, whatever the umask; everybody can pass through the folders on the way. mkdir's bare errno does not say what is
 * in the way.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first === undefined) return;
    chmodSync(path, mode);
    for (let made = path; made !== first; ) {
      made = dirname(made);
      chmodSync(made, mode | 0o111);
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = own(reasons, code);
    if (!why) throw error;
    throw new LikerError('BAD_ARGUMENT', `Cannot make the folder '${path}': ${code}: ${why}`, {
      cause: error,
    });
  }
}
