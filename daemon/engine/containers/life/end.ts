import { asError } from '../../../../common/errors.ts';
import type { ShimExit } from '../../../kernel/process/shim.ts';
import { retry } from '../../../loop/retry.ts';
import { ownTurn } from '../../../loop/turns.ts';
import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext, runFolder } from '../../context.ts';
import { type ExitStatus, exitStatus, unseenExit } from '../../process/exit-status.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { endedHealth } from '../model/health.ts';
import { livePhase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import { freeNetwork } from '../resources/network-rate.ts';
import { oomEvent, oomKillsOf, wasOomKilled } from './oom.ts';
import { cleanUpPauses, drainMs, reconnectMs } from './patience.ts';
import { removeRecord } from './remove-record.ts';
import { endedBeforeStart } from './start-error.ts';

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
        if (exec.clients.mayReconnect) await exec.clients.reconnectedAndLeft(reconnectMs);
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

/** Gives back what the run has taken. What cannot be given back now is tried again until it can. */
async function cleanUp(context: EngineContext, container: Container, exit: ExitStatus): Promise<void> {
  const attempt = async (): Promise<void> => {
    await release(context, container);
    container.cleanUp = null;
    if (container.spec.autoRemove) removeRecord(context, container, exit);
    else context.supervision.over(container, exit);
  };
  try {
    await attempt();
  } catch (error) {
    container.cleanUp = attempt;
    tryLater(context, container, error);
  }
}

/** A start has failed and could not give back what it had taken. */
export function cleanUpLater(context: EngineContext, container: Container, error: unknown): void {
  container.cleanUp = async () => {
    await release(context, container);
    container.cleanUp = null;
  };
  tryLater(context, container, error);
}

function tryLater(context: EngineContext, container: Container, firstError: unknown): void {
  const failed = (error: unknown) => {
    const fields = { container: container.id, error: asError(error) };
    context.log.error('cleaning up after a container failed, to be tried again', fields);
    return false;
  };
  failed(firstError);
  const attempt = () => container.verbs.run(async () => container.cleanUp?.()).then(() => true, failed);
  void retry(attempt, cleanUpPauses);
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

/** Gives back what a run has taken: the shim, leftover processes, control groups, the run folder. */
export async function release(context: EngineContext, container: Container): Promise<void> {
  if (container.run) releaseShim(container, container.run);
  context.openReaders.close(container.id);
  const cgroup = cgroupOf(context, container);
  if (await cgroup.populated()) await cgroup.kill();
  await cgroup.remove();
  freeNetwork(context, container);
  const removeRunFolder = () => context.folders.removeRunFolder(runFolder(context, container.id));
  // The exit record in it is all that a daemon after this one would know of an end that is not stored yet.
  if (container.spec.autoRemove) removeRunFolder();
  else context.journal.afterStored(removeRunFolder);
}

function releaseShim(container: Container, run: Run): void {
  const others = [...run.execs.values(), ...run.probes.values()];
  for (const { attachable, identity } of others) if (attachable) run.shim?.taken(identity.number);
  const shim = run.loseShim();
  for (const exec of others) {
    const { number } = exec.identity;
    const start = run.pendingStarts.get(number);
    run.pendingStarts.delete(number);
    // Nobody hears what the shim says about it any more.
    if (start) start.reject(endedBeforeStart(`the process in container '${container.name}'`));
    else if (!exec.exit) exec.ended(unseenExit(137, '', exec.startedAt));
  }
  run.probes.clear();
  if (!shim) return;
  shim.taken(0);
  shim.leaveWhenEnded();
  container.shimEnded = shim.whenClosed;
}
