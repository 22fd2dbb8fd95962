import type { ShimExit } from '../../../kernel/process/reports.ts';
import { ownTurn } from '../../../loop/turns.ts';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { type ExitStatus, exitStatus } from '../../process/exit-status.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { endedHealth } from '../model/health.ts';
import { livePhase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import { cleanUp } from './clean-up.ts';
import { oomEvent, oomKillsOf, wasOomKilled } from './oom.ts';
import { drainMs, reconnectMs } from './patience.ts';

/** The main process has ended: stores how, releases everything that the run used, then sends its clients the exit. */
export function mainEnded(context: EngineContext, container: Container, run: Run, exit: ShimExit): void {
  const status = exitStatus(exit, run.main?.startedAt ?? null);
  // Hundreds may end at once.
  const ending = ownTurn().then(() => finish(context, container, run, status));
  endsWith(context, container, run, ending);
}

/**
 * As mainEnded, for an end while no daemon was running. It is stored before the first call can ask for the container: one that
 * seems never to have run could be started a second time.
 */
export function endedWhileAway(context: EngineContext, container: Container, run: Run, exit: ShimExit): void {
  const status = exitStatus(exit, run.main?.startedAt ?? null);
  endsWith(context, container, run, finish(context, container, run, status));
}

function endsWith(context: EngineContext, container: Container, run: Run, ending: Promise<void>): void {
  run.ending = ending;
  inBackground(context, container, 'cleaning up after the main process failed', ending);
}

/** The run is over, and no shim reported how. */
export function endedUnseen(context: EngineContext, container: Container, exit: ExitStatus): Promise<void> {
  container.run ??= new Run();
  const { run } = container;
  run.ending = finish(context, container, run, exit);
  return run.ending;
}

async function finish(
  context: EngineContext,
  container: Container,
  run: Run,
  seen: ExitStatus,
): Promise<void> {
  const { main } = run;
  const oomKills = oomKillsOf(context, container);
  const exit = { ...seen, oomKilled: wasOomKilled(seen.signal, oomKills, container.facts) };
  run.unsupervise();
  try {
    record(context, container, run, { exit, oomKills });
    await main?.clients.reconnected(reconnectMs);
    await main?.clients.drained(drainMs, exit);
    await Promise.all(
      [...run.execs.values()].map(async (exec) => {
        if (exec.clients.grace.isOpen) await exec.clients.reconnectedAndLeft(reconnectMs);
        // An exec whose exit the shim has reported did not end with the container: the shim still has output for its clients.
        await exec.ending;
      }),
    );
    if (!context.leaving.signal.aborted) await cleanUp(context, container, exit);
  } finally {
    run.ending = null;
    // Sent last, so that a client that sees the exit finds nothing left of the run.
    main?.ended(exit);
    container.changed.notify();
    container.output.notify();
  }
}

/** Skips an exit that is already stored: the previous daemon may have died before releasing the shim. */
function record(
  context: EngineContext,
  container: Container,
  run: Run,
  { exit, oomKills }: { readonly exit: ExitStatus; readonly oomKills: number },
): void {
  const { phase } = container;
  const stored = phase.state === 'exited' || phase.state === 'restarting' ? phase.exit : null;
  if (stored && stored.exitedAt === exit.exitedAt && stored.startedAt === exit.startedAt) return;
  container.lifeMs = lifeOf(run, exit);
  const { health, begun } = container.facts;
  const live = livePhase(phase);
  const facts = {
    oomKills,
    health: health && endedHealth(health),
    // A start that the earlier daemon had not stored when it died.
    ...(!live && { begun: afterStart(begun) }),
    killsDue: {},
  };
  context.ledger.change(
    container,
    { phase: { state: 'exited', exit }, facts },
    ...(live ? [] : startEvents(begun)),
    ...(oomKills > container.facts.oomKills ? [oomEvent(oomKills, exit.oomKilled)] : []),
    { action: 'die', attributes: dieAttributes(exit, container.lifeMs) },
  );
}

/** By the time of day only if no daemon was running to measure it. */
function lifeOf({ startedSteadyMs }: Run, exit: ExitStatus): number {
  if (startedSteadyMs !== null) return performance.now() - startedSteadyMs;
  return exit.startedAt === null ? 0 : Math.max(0, exit.exitedAt - exit.startedAt);
}

function dieAttributes(exit: ExitStatus, lifeMs: number): Record<string, string> {
  return {
    exitCode: String(exit.code),
    ...(exit.signal ? { signal: String(exit.signal) } : {}),
    ...(exit.startedAt ? { execDuration: String(Math.floor(lifeMs / 1000)) } : {}),
    ...(exit.startError ? { error: exit.startError } : {}),
  };
}
