import { asError, LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Requested, RequestKey } from '../../journal/requests.ts';
import { unseenExit } from '../../process/exit-status.ts';
import type { ExecProcess, OnDisconnect } from '../../process/spec.ts';
import type { ClientSession } from '../../sessions/client-session.ts';
import { endAtOnce } from '../../sessions/end-at-once.ts';
import type { Session, SessionSink } from '../../sessions/frames.ts';
import { startErrorCode } from '../life/start-error.ts';
import type { Container } from '../model/container.ts';
import { execInContainer } from './exec.ts';
import { startAttended } from './start.ts';

/** Starts a container for a client that sees all of it. */
export function runAttended(
  context: EngineContext,
  container: Container,
  sink: SessionSink,
  request: RequestKey | null,
): Promise<Session> {
  return openSession(container, sink, 'main', (onSession) =>
    startAttended(context, container, { sink, onSession }, request),
  );
}

/** Starts another process for a client that sees all of it. */
export function execAttended(
  context: EngineContext,
  container: Container,
  process: ExecProcess,
  options: { readonly onDisconnect: OnDisconnect; readonly sink: SessionSink } & Requested,
): Promise<Session> {
  return openSession(container, options.sink, '', async (onSession) => {
    await execInContainer(context, container, process, { ...options, onSession });
  });
}

/** The session that the start has opened. A command that cannot be executed is an end, not an error. */
async function openSession(
  container: Container,
  sink: SessionSink,
  processId: string,
  start: (onSession: (session: ClientSession) => void) => Promise<void>,
): Promise<Session> {
  let session: ClientSession | null = null;
  try {
    await start((opened) => {
      session = opened;
    });
  } catch (error) {
    (session as ClientSession | null)?.channel?.[Symbol.dispose]();
    const code = startErrorCode(error);
    if (code === 125 || !session) throw error;
    const process = { containerId: container.id, containerName: container.name, processId };
    return endAtOnce(sink, process, unseenExit(code, asError(error).message));
  }
  if (!session) throw new LikerError('INTERNAL', 'A start gave no session');
  return session;
}
