import { asError } from '../../../../common/errors.ts';
import type { ShimProcessState } from '../../../kernel/process/reports.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { exitStatus } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { execEnded } from '../life/exec-end.ts';
import { newProcess } from '../life/new-process.ts';
import { reconnectMs } from '../life/patience.ts';
import { releaseExec } from '../life/release-exec.ts';
import type { Container } from '../model/container.ts';
import type { Run } from '../model/run.ts';
import { execOf, readExecRecord } from '../resources/run-record.ts';

/** Adopts a process that the shim holds. `row`: the stored record, if it is an exec that has one. */
export function adoptProcess(
  context: EngineContext,
  container: Container,
  run: Run,
  { held, row: stored }: { readonly held: ShimProcessState; readonly row: ExecRow | undefined },
): void {
  const row = stored ?? recallExec(context, container, held.process);
  const process = rebuild(context, container, run, { number: held.process, row });
  if (!process) {
    // A probe, or an exec that the earlier daemon died before recording: no client waits for it.
    void releaseExec(context, container, held.process, { kill: true });
    run.shim?.taken(held.process);
    return;
  }
  // The shim's limits alone do not tell: it lifts them when no daemon comes for long.
  const attended = row ? row.onDisconnect !== 'keep' : container.facts.attended;
  process.adopt(held, { graceMs: reconnectMs, attended });
  if (held.process !== 0 && held.exit) {
    const exit = exitStatus(held.exit, process.startedAt);
    const ended = execEnded(context, container, process, { exit, isStored: row?.exit !== null });
    inBackground(context, container, 'cleaning up after an exec failed', ended);
  } else if (held.state !== 'ended' && attended) expectClient(context, container, process);
}

/** An exec that was started on a full disk, and whose daemon died before it could be stored. */
function recallExec(context: EngineContext, container: Container, number: number): ExecRow | undefined {
  const row = number === 0 ? null : readExecRecord(context, container, number);
  if (!row) return undefined;
  context.ledger.execs.recall(row);
  return row;
}

function rebuild(
  context: EngineContext,
  container: Container,
  run: Run,
  { number, row }: { readonly number: number; readonly row: ExecRow | undefined },
): ContainerProcess | null {
  const { shim } = run;
  if (number === 0) {
    const { process: spec, onDisconnect } = container.spec;
    run.main = newProcess(context, container, { shim, processId: 'main', number, spec, onDisconnect });
    return run.main;
  }
  if (!row) return null;
  try {
    const process = newProcess(context, container, { shim, ...execOf(row) });
    run.execs.set(row.id, process);
    return process;
  } catch (error) {
    const message = asError(error).message;
    context.log.error('cannot read the record of an exec', { container: container.id, error: message });
    return null;
  }
}

/** The client that the process was started for may reconnect. If it stays away, it is lost. */
function expectClient(context: EngineContext, container: Container, process: ContainerProcess): void {
  // It was lost before.
  if (container.facts.killsDue[process.identity.number] !== undefined) return;
  // That was reported before, and nothing follows from it.
  if (process.identity.number === 0 && container.facts.clientLost && process.onDisconnect === 'keep') return;
  const timer = setTimeout(() => {
    if (!process.exit && process.clients.count === 0 && !process.clients.grace.hadClient)
      context.supervision.clientLost(container, process);
  }, reconnectMs);
  timer.unref();
}
