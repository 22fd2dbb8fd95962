import type { WindowSize } from '../../common/shim/encode.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { Connection } from '../connection/connection.ts';
import { containers, sessions } from '../connection/methods.ts';
import { openAttach, type SessionCall } from './call.ts';

const queryMs = 5000;

/** How much output of a session has arrived. */
export interface Arrived {
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
}

interface ResumeOptions {
  readonly arrived: Arrived;
  readonly readOnly: boolean;
  /** The connection to the shim. One that was lost is not tried again. */
  readonly channel: 'none' | 'kept' | 'lost';
  readonly terminalSize: WindowSize | undefined;
}

/** Opens an Attach that resumes a session whose connection was lost. */
export function openResume(
  connection: Connection,
  ready: Ready,
  { arrived, readOnly, channel, terminalSize }: ResumeOptions,
): SessionCall {
  return openAttach(connection, {
    container: ready.containerId,
    processId: ready.processId,
    readOnly,
    resume: { sessionId: ready.sessionId, ...arrived, direct: channel === 'kept' },
    ...(channel === 'lost' && { direct: false }),
    terminalSize: ready.tty ? (terminalSize ?? null) : null,
  });
}

/** How a process ended that no longer accepts an attach; undefined if the daemon does not know. */
export async function lastStatus(
  connection: Connection,
  { containerId, processId }: Ready,
): Promise<ExitStatus | undefined> {
  const once = { deadlineMs: queryMs, patienceMs: 0 };
  try {
    const { processes } = await connection.unary(sessions.ListProcesses, { container: containerId }, once);
    const status = processes.find((process) => process.processId === processId)?.exit;
    if (status) return status;
    if (processId !== 'main') return undefined;
    const { container } = await connection.unary(containers.GetContainer, { container: containerId }, once);
    return container?.exit ?? undefined;
  } catch {
    return undefined;
  }
}
