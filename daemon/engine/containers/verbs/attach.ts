import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Requested, RequestKey } from '../../journal/requests.ts';
import { endAtOnce } from '../../sessions/end-at-once.ts';
import type { AttachOptions, Session, SessionSink } from '../../sessions/frames.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { newSessionId } from '../../sessions/session-id.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase, may, requirePhase } from '../model/phase.ts';
import { resultIsGone } from '../model/removed.ts';
import { runAttended } from './run.ts';

/** Attaches to a process of a container, or of one that is gone and whose end is still known. */
export async function attachTo(
  context: EngineContext,
  reference: string,
  { request = null, ...options }: AttachOptions & Requested,
  sink: SessionSink,
): Promise<Session> {
  const gone = context.ledger.removed(reference);
  if (gone?.exit) {
    const process = { containerId: gone.id, containerName: gone.name, processId: 'main' };
    return endAtOnce(sink, process, gone.exit);
  }
  const container = context.registry.find(reference);
  if (options.start) await startsUnderWay(context, container);
  if (options.start && options.processId === 'main' && may('start', container.phase.state)) {
    context.ledger.event(container, { action: 'attach', attributes: { process: 'main' } });
    const session = await runAttended(context, container, sink, request);
    if (options.terminalSize) container.run?.main?.resize(options.terminalSize);
    return session;
  }
  await container.run?.reconnecting;
  return attachToProcess(container, options, sink);
}

/** A retry of a Run, or of an Attach that starts, whose answer was lost: goes on where the first one got to, from the first byte. */
export async function runAgain(
  context: EngineContext,
  request: RequestKey | null,
  id: string,
  sink: SessionSink,
): Promise<Session> {
  const container = context.registry.byId(id);
  if (container) await startsUnderWay(context, container);
  if (container && waitsForStart(container)) return runAttended(context, container, sink, null);
  // Only now: it may have been removed while this call waited.
  if (!context.registry.byId(id) && !context.ledger.removed(id)?.exit) throw resultIsGone(request, id);
  return attachTo(context, id, { ...fromTheFirstByte(), processId: 'main' }, sink);
}

/** A retry of an Exec whose answer was lost. */
export function execAgain(container: Container, processId: string, sink: SessionSink): Session {
  return attachToProcess(container, { ...fromTheFirstByte(), processId }, sink);
}

/** As for the client that the process was started for. */
function fromTheFirstByte() {
  const resume = { sessionId: newSessionId('initiator'), stdoutOffset: 0, stderrOffset: 0 };
  return { readOnly: false, replay: true, terminalSize: null, start: false, resume };
}

/** Its likerd died before it started it. */
function waitsForStart({ phase, facts }: Container): boolean {
  return phase.state === 'created' || (livePhase(phase) === null && facts.begun?.verb === 'start');
}

/** Until the calls that came before have had their turns: what one of them starts is there to be attached to. */
function startsUnderWay(context: EngineContext, container: Container): Promise<void> {
  return inTurn(context, container);
}

function attachToProcess(container: Container, options: AttachOptions, sink: SessionSink): Session {
  const { processId, resume } = options;
  const process = findProcess(container, processId);
  if (process?.attachable && (!process.exit || resume)) return process.attach(sink, options);
  // A client that reconnects after the end gets the exit.
  const exit = process?.exit ?? (container.phase.state === 'exited' ? container.phase.exit : null);
  if (resume && exit) {
    return endAtOnce(sink, { containerId: container.id, containerName: container.name, processId }, exit);
  }
  requirePhase('attach', container);
  throw new LikerError(
    'PROCESS_NOT_FOUND',
    `Cannot attach to process '${processId}' in container '${container.name}': there is no such process, or it has ended`,
    { metadata: { container: container.id, process: processId } },
  );
}

/** By id or unique prefix of one; "main" or nothing is the main process. */
function findProcess(container: Container, processId: string): ContainerProcess | null {
  if (processId === 'main' || processId === '') return container.run?.main ?? null;
  const execs = container.run?.execs ?? new Map<string, ContainerProcess>();
  const exact = execs.get(processId);
  if (exact) return exact;
  const matches = [...execs.values()].filter((exec) => exec.identity.processId.startsWith(processId));
  return matches.length === 1 ? (matches[0] ?? null) : null;
}
