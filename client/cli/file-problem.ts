import { asError } from '../../common/errors.ts';
import { remedyOf } from '../../common/exhausted.ts';
import { own } from '../../common/own.ts';

const problems: Readonly<Record<'read' | 'write', Readonly<Record<string, string>>>> = {
  read: {
    ENOENT: 'there is no such file; check the path',
    ENOTDIR: 'a part of its path is a file; check the path',
    EISDIR: 'it is a directory; give a file',
    EACCES: 'you may not read it; run likerctl as a user who may',
  },
  write: {
    ENOENT: 'its directory does not exist; create it',
    ENOTDIR: 'a part of its path is a file; choose another path',
    EISDIR: 'it is a directory; give a file',
    EACCES: 'you may not write there; choose another path',
    EEXIST: 'it exists already; make sure that the other container is gone, or delete the file',
  },
};

/** Why a file could not be read or written, and what to do: `ENOENT: there is no such file; check the path`. */
export function fileProblem(error: unknown, action: 'read' | 'write'): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return asError(error).message;
  const problem = own(problems[action], code) ?? remedyOf(code);
  return problem === null ? code : `${code}: ${problem}`;
}
