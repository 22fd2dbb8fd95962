import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { LikerError } from './errors.ts';
import { own } from './own.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'whoever runs this may not make folders there; choose another path',
  EEXIST: 'something that is not a folder is there',
  ENOTDIR: 'something on the way is not a folder',
  ENOENT: 'a symbolic link on the way leads nowhere, or the file system there takes no folders',
};

/**
 * Makes a folder as mkdir -p -m does, whatever the umask. The folders on the way can be passed by everybody. Throws BAD_ARGUMENT that
 * says what is in the way, which the bare errno of mkdir does not.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    const first = makeAll(path, mode);
    if (first === null) return;
    chmodSync(path, mode);
    for (let made = path; made !== first; ) {
      made = dirname(made);
      chmodSync(made, mode | 0o111);
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = own(reasons, code);
    if (!why) throw error;
    throw new LikerError('BAD_ARGUMENT', `Cannot create the folder '${path}': ${code}: ${why}`, {
      cause: error,
    });
  }
}

/** Returns the first folder that it made; null: none. On some file systems Node's own recursive mkdir does not return. */
function makeAll(path: string, mode: number): string | null {
  try {
    mkdirSync(path, { mode });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return null;
    // The current folder may have been removed.
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = makeAll(dirname(path), mode);
  mkdirSync(path, { mode });
  return first ?? path;
}
