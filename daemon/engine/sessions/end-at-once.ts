import { randomBytes } from 'node:crypto';
import type { ExitStatus } from '../process/exit-status.ts';
import type { Session, SessionSink } from './frames.ts';

/** A session that consists of its end alone: for a command that could not be executed, or a process that is gone. */
export function endAtOnce(
  sink: SessionSink,
  process: { readonly containerId: string; readonly containerName: string; readonly processId: string },
  exit: ExitStatus,
): Session {
  const nothing = {
    tty: false,
    pid: 0,
    stdoutOffset: 0,
    stderrOffset: 0,
    stdinOffset: 0,
    openStdin: false,
    direct: false,
  };
  sink.send({ kind: 'ready', ...process, ...nothing, sessionId: randomBytes(8).toString('hex') }, () => {});
  sink.send({ kind: 'exit', exit }, () => {});
  sink.end();
  return { input: () => true, lost: () => {} };
}
