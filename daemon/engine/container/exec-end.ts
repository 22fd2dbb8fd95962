import type { ShimExit } from '../../kernel/process/shim.ts';
import { cgroupOf, type EngineContext } from '../context.ts';
import type { ContainerProcess } from '../session/process.ts';
import type { Container } from './container.ts';
import { exitStatus } from './exit-status.ts';
import { reconnectMs } from './main-end.ts';
import type { ExitStatus } from './phase.ts';

/** Ended execs that stay known, for those who ask late. */
const keepEnded = 16;

/** An exec has ended: kills what it left behind, stores how it ended, tells its clients. */
export async function execEnded(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  shimExit: ShimExit,
): Promise<void> {
  const { processId, number } = process.identity;
  const exit = exitStatus(shimExit, { startedAt: process.startedAt, oomKilled: false });
  if (!container.probes.delete(number)) store(context, container, processId, exit);
  process.ended(exit);
  if (process.awaitsClient) await process.clientsCameBack(reconnectMs);
  // The shim forgets it: whoever attaches from now on is told the exit alone.
  process.shim = null;
  container.shim?.taken(number);
  container.changed.notify();
  forgetOld(context, container);
  await removeExecCgroup(context, container, number);
}

/** Once, also when the daemon that stored it died before it could tell the shim. */
function store({ ledger }: EngineContext, container: Container, execID: string, exit: ExitStatus): void {
  if (ledger.store.execs(container.id).some((row) => row.id === execID && row.exit !== null)) return;
  ledger.event(container, { action: 'exec_die', attributes: { execID, exitCode: String(exit.code) } }, () =>
    ledger.store.setExecExit(execID, JSON.stringify(exit)),
  );
}

/** Also kills what the exec has left behind. */
export async function removeExecCgroup(
  context: EngineContext,
  container: Container,
  number: number,
): Promise<void> {
  const cgroup = cgroupOf(context, container).openExec(number);
  await cgroup.kill();
  await cgroup.remove();
}

function forgetOld(context: EngineContext, container: Container): void {
  const ended = [...container.execs.values()].filter((exec) => exec.exit);
  for (const exec of ended.slice(0, Math.max(0, ended.length - keepEnded))) {
    container.execs.delete(exec.identity.processId);
    context.ledger.store.deleteExec(exec.identity.processId);
  }
}
