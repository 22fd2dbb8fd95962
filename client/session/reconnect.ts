import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { Connection } from '../connection/connection.ts';
import { containers, sessions } from '../connection/methods.ts';
import { openAttach, type SessionCall } from './call.ts';
import { terminalSize } from './terminal.ts';

const queryMs = 5000;

/** What has arrived of a session. */
export interface Arrived {
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
}

/** An Attach that goes on where a session stood when its connection was lost. */
export function openResume(
  connection: Connection,
  ready: Ready,
  { arrived, readOnly }: { readonly arrived: Arrived; readonly readOnly: boolean },
): SessionCall {
  return openAttach(connection, {
    container: ready.containerId,
    processId: ready.processId,
    readOnly,
    resume: { sessionId: ready.sessionId, ...arrived },
    terminalSize: ready.tty ? (terminalSize() ?? null) : null,
  });
}

/** How a process ended to which nobody can attach any more; undefined when that is no longer known. */
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
