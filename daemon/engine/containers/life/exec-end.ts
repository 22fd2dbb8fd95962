import type { EngineContext } from '../../context.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import type { Container } from '../model/container.ts';
import { drainMs, reconnectMs } from './patience.ts';
import { releaseExec } from './release-exec.ts';

/** How many ended execs are kept for late calls. */
const keepEnded = 16;

/** An exec has ended: stores how, unless an earlier daemon did, and sends its clients the exit. What it leaves running lives on. */
export async function execEnded(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  { exit, isStored = false }: { readonly exit: ExitStatus; readonly isStored?: boolean },
): Promise<void> {
  const { processId, number } = process.identity;
  if (!container.run?.probes.delete(number) && !isStored) {
    const attributes = { execID: processId, exitCode: String(exit.code) };
    context.ledger.execs.end(container, processId, exit, { action: 'exec_die', attributes });
  }
  process.ending = sendExit(context, container, process, { exit, isStored });
  await process.ending;
  if (context.leaving.signal.aborted) return;
  // A client that attaches from now on gets only the exit.
  process.shim = null;
  container.run?.shim?.taken(number);
  container.changed.notify();
  forgetOld(context, container);
}

/** Waits until clients have come back and taken all output, or their time is over. Then releases the exec and sends the exit. */
async function sendExit(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  { exit, isStored }: { readonly exit: ExitStatus; readonly isStored: boolean },
): Promise<void> {
  await process.clients.reconnected(reconnectMs);
  await process.clients.drained(drainMs, exit);
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
  if (!isStored && process.clients.grace.wasInVain && process.onDisconnect !== 'keep')
    process.killsLeftovers = true;
  await releaseExec(context, container, number, { kill: process.killsLeftovers });
  if (!isDue) return;
  const { [number]: _due, ...killsDue } = container.facts.killsDue;
  context.ledger.change(container, { facts: { killsDue } });
}

function forgetOld(context: EngineContext, container: Container): void {
  const execs = container.run?.execs ?? new Map<string, ContainerProcess>();
  const ended = [...execs.values()].filter((exec) => exec.exit);
  for (const exec of ended.slice(0, Math.max(0, ended.length - keepEnded))) {
    execs.delete(exec.identity.processId);
    context.ledger.execs.forget(exec.identity.processId);
  }
}
