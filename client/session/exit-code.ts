import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import { notice } from '../output/notice.ts';

/** The exit code of likerctl for the end of a process; says why when it could not be started. */
export function exitCode(status: Pick<ExitStatus, 'code' | 'startError'>): number {
  if (status.startError !== '') notice(status.startError);
  return status.code;
}
