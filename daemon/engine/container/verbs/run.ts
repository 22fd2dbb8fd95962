import { asError, LikerError } from '../../../../common/errors.ts';
import type { ExecProcess, Session, SessionSink } from '../../api.ts';
import type { EngineContext } from '../../context.ts';
import type { Requested, RequestKey } from '../../requests.ts';
import type { ClientSession } from '../../session/client-session.ts';
import { endAtOnce } from '../../session/over.ts';
import type { Container } from '../container.ts';
import { unseenExit } from '../exit-status.ts';
import type { OnDisconnect } from '../spec.ts';
import { startErrorCode } from '../start-error.ts';
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
    const code = startErrorCode(error);
    if (code === 125 || !session) throw error;
    const process = { containerId: container.id, containerName: container.name, processId };
    return endAtOnce(sink, process, unseenExit(code, asError(error).message));
  }
  if (!session) throw new LikerError('INTERNAL', 'A start gave no session');
  return session;
}
