import { LikerError } from '../../../common/errors.ts';
import { fromShim } from '../../../common/shim/protocol.ts';
import { readAnswer } from './answer.ts';
import type { Cursor } from './cursor.ts';
import { readFailure, type StartFailure } from './reports.ts';

/** A user from a container's own files. */
export interface FoundUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

/** Time limit: reading a file of a container may never return. */
const answerMs = 10_000;

/** Reads the answer of a shim that looks up a user: the ids, or the failed step. Closes the socket. */
export async function readUser(socketFd: number): Promise<FoundUser | StartFailure> {
  let answer: FoundUser | StartFailure | null = null;
  await readAnswer(socketFd, answerMs, (type, _process, c) => {
    if (type === fromShim.user) answer = foundUser(c);
    else if (type === fromShim.failed) answer = readFailure(c);
    return answerMs;
  });
  if (answer !== null) return answer;
  throw new LikerError(
    'TIMED_OUT',
    `Cannot look up the user in the container: its files did not respond within ${answerMs / 1000} s; check what is mounted on /etc`,
  );
}

function foundUser(c: Cursor): FoundUser {
  const [uid, gid, home] = [c.u32(), c.u32(), c.str()];
  return { uid, gid, home, groups: Array.from({ length: c.u32() }, () => c.u32()) };
}
