import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import { notice } from '../output/notice.ts';

/** The exit code for the end of a process. Prints why if the process could not be started. */
export function exitCode(status: Pick<ExitStatus, 'code' | 'startError'>): number {
  if (status.startError !== '') notice(status.startError);
  return status.code;
}
