import type { ExecSyncResponseInput } from '../../../../proto/gen/types/liker/v1/ExecSyncResponse.ts';
import type { SessionOutputInput } from '../../../../proto/gen/types/liker/v1/SessionOutput.ts';
import { maxMessageBytes } from '../../../../proto/limits.ts';
import type { ExecSyncResult, OutputFrame } from '../../../engine/sessions/frames.ts';
import { formatExit } from './process.ts';

/** Bytes of output in a response of ExecSync, beside its exit. */
const maxOutputBytes = maxMessageBytes - 64 * 1024;

export function formatOutput(frame: OutputFrame): SessionOutputInput {
  switch (frame.kind) {
    case 'channel':
      return { channel: { path: frame.path } };
    case 'ready':
      return { ready: frame };
    case 'stdout':
      return { stdout: frame };
    case 'stderr':
      return { stderr: frame };
    case 'stdin-ack':
      return { stdinAck: { offset: frame.offset } };
    case 'warning':
      return { warning: { reason: frame.reason, message: frame.message } };
    case 'output-end':
      return { outputEnd: { stdoutBytes: frame.all.stdout, stderrBytes: frame.all.stderr } };
    case 'exit':
      return { exit: formatExit(frame.exit) };
    case 'detached':
      return { detached: {} };
  }
}

/** What does not fit into a message is cut off the end of stderr, then of stdout. */
export function formatExecSync(result: ExecSyncResult): ExecSyncResponseInput {
  const stdout = result.stdout.subarray(0, maxOutputBytes);
  const stderr = result.stderr.subarray(0, maxOutputBytes - stdout.length);
  const isCut = stdout.length < result.stdout.length || stderr.length < result.stderr.length;
  return { exit: formatExit(result.exit), stdout, stderr, truncated: result.truncated || isCut };
}
