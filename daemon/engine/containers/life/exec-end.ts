import { asError } from '../../../../common/errors.ts';
import type { ShimExit, ShimProcessState } from '../../../kernel/process/shim.ts';
import { retry } from '../../../loop/retry.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { type ExitStatus, exitStatus } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { removeExecRecord } from '../resources/run-record.ts';
import { cleanUpPauses, drainMs, reconnectMs } from './patience.ts';

/** How many ended execs are kept for late calls. */
const keepEnded = 16;

/** An exec has ended: stores how, and tells its clients. Processes that it has left running live on, as in Docker. */
export function execEnded(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  shimExit: ShimExit,
  stored: { readonly isStored: boolean } = { isStored: false },
): Promise<void> {
  const exit = exitStatus(shimExit, { startedAt: process.startedAt, oomKilled: false });
  return finishExec(context, container, process, exit, stored);
}

export async function finishExec(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  exit: ExitStatus,
  { isStored }: { readonly isStored: boolean } = { isStored: false },
): Promise<void> {
  const { processId, number } = process.identity;
  // Once, also when the daemon that stored it died before it could tell the shim.
  if (!container.run?.probes.delete(number) && !isStored) {
    const attributes = { execID: processId, exitCode: String(exit.code) };
    context.ledger.execs.end(container, processId, exit, { action: 'exec_die', attributes });
  }
  process.ending = tellEnd(context, container, process, { exit, isStored });
  await process.ending;
  if (context.leaving.signal.aborted) return;
  // A client that attaches from now on gets only the exit.
  process.shim = null;
  container.run?.shim?.taken(number);
  container.changed.notify();
  forgetOld(context, container);
}

/** Waits until clients have come back and taken all output, or their time is over. Then releases the exec and sends the exit. */
async function tellEnd(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  { exit, isStored }: { readonly exit: ExitStatus; readonly isStored: boolean },
): Promise<void> {
  await process.clients.reconnected(reconnectMs);
  await process.clients.drained(drainMs);
  if (!context.leaving.signal.aborted) await releaseEnded(context, container, process, isStored);
  process.ended(exit);
}

/**
 * Runs before the shim forgets the exec: after that, the next daemon lets what is left live on. And before the client sees the
 * exit: with cgroup.max.descendants set, its next exec may need the place of this one.
 */
async function releaseEnded(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  isStored: boolean,
): Promise<void> {
  const { number } = process.identity;
  const isDue = number in container.facts.killsDue;
  if (isDue) process.killsLeftovers = true;
  // It ended while no daemon was running, and its client has not come back: the client was lost.
  if (!isStored && process.clients.noneReconnected && process.onDisconnect !== 'keep')
    process.killsLeftovers = true;
  await releaseExec(context, container, number, { kill: process.killsLeftovers });
  if (!isDue) return;
  const { [number]: _due, ...killsDue } = container.facts.killsDue;
  context.ledger.change(container, { facts: { killsDue } });
}

/**
 * Releases the resources of an exec. Processes that it has left running are killed, or live on with the container; the cgroup goes with the last
 * of them. What cannot be released now is tried again.
 */
export async function releaseExec(
  context: EngineContext,
  container: Container,
  number: number,
  { kill }: { readonly kill: boolean },
): Promise<void> {
  const attempt = async (): Promise<boolean> => {
    try {
      removeExecRecord(context, container, number);
      const cgroup = cgroupOf(context, container).openExec(number);
      if (kill) await cgroup.kill();
      else if (await cgroup.populated()) return false;
      await cgroup.remove();
      return true;
    } catch (error) {
      const fields = { container: container.id, error: asError(error).message };
      context.log.error('cleaning up after an exec failed, to be tried again', fields);
      return false;
    }
  };
  if (await attempt()) return;
  // The end of the container releases everything that is left of its execs.
  void retry(() => !livePhase(container.phase) || attempt(), cleanUpPauses);
}

/** Numbers of the execs of which there is something: also of those that have ended and left something running. */
export function execsWithCgroup(context: EngineContext, container: Container): readonly number[] {
  try {
    return cgroupOf(context, container).execs();
  } catch (error) {
    context.log.warn('execs cannot be listed', { container: container.id, error: asError(error).message });
    return [];
  }
}

/** Releases execs that the shim does not know: they have ended, or their daemon died before starting them. */
export function forgetUnknown(
  context: EngineContext,
  container: Container,
  { held, rows }: { readonly held: readonly ShimProcessState[]; readonly rows: readonly ExecRow[] },
): void {
  const isUnknown = (number: number) => !held.some(({ process }) => process === number);
  for (const { id, number } of rows) if (isUnknown(number)) context.ledger.execs.forget(id);
  for (const number of execsWithCgroup(context, container))
    if (isUnknown(number))
      void releaseExec(context, container, number, { kill: number in container.facts.killsDue });
}

function forgetOld(context: EngineContext, container: Container): void {
  const execs = container.run?.execs ?? new Map<string, ContainerProcess>();
  const ended = [...execs.values()].filter((exec) => exec.exit);
  for (const exec of ended.slice(0, Math.max(0, ended.length - keepEnded))) {
    execs.delete(exec.identity.processId);
    context.ledger.execs.forget(exec.identity.processId);
  }
}
