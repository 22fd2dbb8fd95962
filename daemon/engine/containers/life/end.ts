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

/** The main process has ended: stores it, then releases all that the run used, then tells the clients. */
export function mainEnded(
  context: EngineContext,
  container: Container,
  run: Run,
  shimExit: ShimExit,
): Promise<void> {
  // Hundreds may end at once.
  run.ending = ownTurn().then(() => finishAsTold(context, container, run, shimExit));
  return run.ending;
}

/**
 * As mainEnded, for an end that happened while no daemon was there: clients may still come back for it. Stored before anybody
 * can ask: who finds a container that was never started may start it a second time.
 */
export function endedWhileAway(
  context: EngineContext,
  container: Container,
  run: Run,
  shimExit: ShimExit,
): void {
  run.ending = finishAsTold(context, container, run, shimExit);
  inBackground(context, container, 'cleaning up after a container failed', run.ending);
}

async function finishAsTold(
  context: EngineContext,
  container: Container,
  run: Run,
  shimExit: ShimExit,
): Promise<void> {
  const oomKills = oomKillsOf(context, container);
  const exit = exitStatus(shimExit, {
    startedAt: run.main?.startedAt ?? null,
    oomKilled: wasOomKilled(shimExit.signal, oomKills, container.facts),
  });
  await finish(context, container, run, { exit, oomKills });
}

/** The run is over and no shim is there to say how. */
export function endedUnseen(context: EngineContext, container: Container, seen: ExitStatus): Promise<void> {
  const oomKills = oomKillsOf(context, container);
  const exit = { ...seen, oomKilled: wasOomKilled(seen.signal, oomKills, container.facts) };
  container.run ??= new Run();
  const { run } = container;
  run.ending = finish(context, container, run, { exit, oomKills });
  return run.ending;
}

async function finish(
  context: EngineContext,
  container: Container,
  run: Run,
  { exit, oomKills }: { readonly exit: ExitStatus; readonly oomKills: number },
): Promise<void> {
  const { main } = run;
  run.unsupervise();
  try {
    record(context, container, run, { exit, oomKills });
    await main?.clients.reconnected(reconnectMs);
    await main?.clients.drained(drainMs);
    await Promise.all(
      [...run.execs.values()].map(async (exec) => {
        if (exec.clients.grace.isOpen) await exec.clients.reconnectedAndLeft(reconnectMs);
        // It has ended as the shim has told, and not with the container: the shim has output for its clients still.
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

/** Once, also when the daemon that stored it died before it could let the shim go. */
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

/** By the clock on the wall only when no daemon was there to measure it. */
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
