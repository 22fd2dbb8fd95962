import type { ShimListener, ShimState } from '../../../kernel/process/reports.ts';
import type { HelloAnswer, Shim } from '../../../kernel/process/shim.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { execsWithCgroup, forgetUnknown } from '../life/release-exec.ts';
import { shimListener } from '../life/shim-listener.ts';
import type { Container } from '../model/container.ts';
import { Run } from '../model/run.ts';
import { trustShim } from './main-process.ts';
import { adoptProcess } from './process.ts';

/** Finds the container's shim by its run folder, and adopts what it holds when it answers. */
export async function reconnect(context: EngineContext, container: Container): Promise<HelloAnswer> {
  const shim = await context.processes.connect(runFolderOf(context, container.id)).catch(() => null);
  return shim ? shim.hello((state) => takeOver(context, container, shim, state)) : { kind: 'no-answer' };
}

/** Rebuilds the container's processes from what its shim holds. Called before the shim says anything else. */
function takeOver(context: EngineContext, container: Container, shim: Shim, state: ShimState): ShimListener {
  container.run ??= new Run();
  const { run } = container;
  run.shim = shim;
  // The end of an earlier probe was lost with the connection. Whoever waits for it gives up as the run is supervised anew.
  run.probes.clear();
  const { processes } = state;
  const rows = context.ledger.execs.rows(container.id);
  for (const held of processes)
    adoptProcess(context, container, run, { held, row: rows.find(({ number }) => number === held.process) });
  forgetUnknown(context, container, { held: processes, rows });
  notePastExecs(context, container, state);
  const main = processes.find((held) => held.process === 0);
  if (main) trustShim(context, container, run, main);
  context.log.info('container adopted', {
    container: container.id,
    shim: state.pid,
    processes: processes.length,
  });
  return shimListener(context, container, run);
}

/** Never reuses a number that the shim or a process left by an exec still has: a record may be older than the last exec. */
function notePastExecs(context: EngineContext, container: Container, state: ShimState): void {
  const numbers = [...state.processes.map((held) => held.process), ...execsWithCgroup(context, container)];
  const nextExec = Math.max(container.facts.nextExec, ...numbers.map((number) => number + 1));
  context.ledger.remember(container, { nextExec });
}
