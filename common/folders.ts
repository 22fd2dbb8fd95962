import { mkdirSync } from 'node:fs';
import { LikerError } from './errors.ts';
import { own } from './own.ts';

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is something that is no folder',
  ENOTDIR: 'something on the way is no folder',
  ENOENT: 'a symbolic link on the way leads nowhere',
};

/** As mkdir -p, whose bare errno does not say what is in the way. */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = own(reasons, code);
    if (!why) throw error;
    throw new LikerError('BAD_ARGUMENT', `Cannot make the folder '${path}': ${code}: ${why}`, {
      cause: error,
    });
  }
}
