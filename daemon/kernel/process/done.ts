import { LikerError } from '../../../common/errors.ts';
import { fromShim } from '../../../common/shim/protocol.ts';
import { readAnswer } from './answer.ts';
import { readFailure, type StartFailure } from './reports.ts';

/** Reads the answer of a shim that does steps: null, or the failed step. Closes the socket. Errors: TIMED_OUT after `limitMs`. */
export async function readDone(socketFd: number, limitMs: number): Promise<StartFailure | null> {
  let answer: StartFailure | null | undefined;
  await readAnswer(socketFd, limitMs, (type, _process, c) => {
    if (type === fromShim.done) answer = null;
    else if (type === fromShim.failed) answer = readFailure(c);
    return limitMs;
  });
  if (answer !== undefined) return answer;
  throw new LikerError(
    'TIMED_OUT',
    `Cannot act in the container: it did not respond within ${limitMs / 1000} s; check the file system at the path`,
  );
}
