import type { ExecSyncResponseInput } from '../../../../proto/gen/types/liker/v1/ExecSyncResponse.ts';
import { maxMessageBytes } from '../../../../proto/limits.ts';
import type { ExecSyncResult } from '../../../engine/sessions/frames.ts';
import { formatExit } from './exit.ts';

/** Room for the exit status and its text. */
const otherBytes = 64 * 1024;

/** What does not fit into a message beside the rest is cut off the end of stderr, then of stdout. */
export function formatExecSync(result: ExecSyncResult): ExecSyncResponseInput {
  const room = maxMessageBytes - otherBytes;
  const stdout = result.stdout.subarray(0, room);
  const stderr = result.stderr.subarray(0, room - stdout.length);
  const isCut = stdout.length < result.stdout.length || stderr.length < result.stderr.length;
  return { exit: formatExit(result.exit), stdout, stderr, truncated: result.truncated || isCut };
}
