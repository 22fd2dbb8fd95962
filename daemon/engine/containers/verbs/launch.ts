import { asError, LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import { starts } from '../../../loop/crowd.ts';
import { ownTurn } from '../../../loop/turns.ts';
import { StoreError } from '../../../store/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import type { HeldPorts } from '../../kernel.ts';
import { LeavingError, requireStaying } from '../../leaving.ts';
import { unseenExit } from '../../process/exit-status.ts';
import type { ClientSession } from '../../sessions/client-session.ts';
import type { SessionSink } from '../../sessions/frames.ts';
import { disarmRestart } from '../life/cancel-restart.ts';
import { cleanUpLater } from '../life/clean-up.ts';
import { newProcess } from '../life/new-process.ts';
import { awaitStart } from '../life/pending-start.ts';
import { shimListener } from '../life/shim-listener.ts';
import { startErrorCode } from '../life/start-error.ts';
import { afterStart, beginStart } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import type { Facts } from '../model/facts.ts';
import { newHealth } from '../model/health.ts';
import { requirePhase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import { cni } from '../resources/cni.ts';
import { Pending, type Start } from '../resources/run-resource.ts';
import { acquireRun } from '../resources/run-resources.ts';
import { releaseShim, spawnShim } from '../resources/shim.ts';
import { appliedLimits, containerDevices, warningOf } from '../rules/limits.ts';
import { userNamespaceWarning } from '../rules/user-namespace.ts';
import { encodedPlan } from './compile.ts';
import { type BareBind, bareBindWarning, volumesToFill } from './plan-mounts.ts';

/** The client that a start is for, which sees it from the first byte. */
export interface Watcher {
  readonly sink: SessionSink;
  readonly onSession: (session: ClientSession) => void;
}

/** On whose behalf a start is. */
export interface StartOptions extends Requested {
  /** The restart policy wants it, not a call. */
  readonly byPolicy?: boolean;
  /** An earlier likerd had begun it. */
  readonly again?: boolean;
  readonly watcher?: Watcher | null;
}

/** Starts a container in its turn. If it fails, everything is undone, and the container has exited with the error. */
export async function launch(
  context: EngineContext,
  container: Container,
  options: StartOptions,
): Promise<void> {
  await container.run?.ending;
  await container.shimEnded;
  await container.cleanUp?.();
  // An overlay may be mounted only once, and theirs is the one of the last run.
  await container.fileUses.end(filesOver(container));
  await ownTurn();
  if (container.removed) context.registry.get(container.id);
  requirePhase('start', container);
  if (!options.byPolicy) forgetRestarts(context, container);
  await using undo = new AsyncDisposableStack();
  try {
    if (await start(context, container, options, undo)) undo.move();
  } catch (thrown) {
    if (thrown instanceof LeavingError) {
      undo.move();
      throw thrown;
    }
    const error = tellSystemError(thrown, `start container '${container.name}'`);
    await undo.disposeAsync().catch((failure: unknown) => cleanUpLater(context, container, failure));
    // Refused before anything was tried: it is as it was.
    if (!(error instanceof StoreError) || container.phase.state === 'restarting')
      storeFailure(context, container, error);
    throw error;
  }
}

/** For those who have used the files of the last run up to a new start. */
function filesOver({ id, name }: Container): LikerError {
  return new LikerError(
    'WRONG_STATE',
    `The files of container '${name}' could not be used to the end: it has ended, and starts again; try again`,
    { metadata: { container: id } },
  );
}

/** Acquires what the run needs and starts its main process. False when the policy does not want it any more. */
async function start(
  context: EngineContext,
  container: Container,
  options: StartOptions,
  undo: AsyncDisposableStack,
): Promise<boolean> {
  const { spec } = container;
  const isWanted = (): boolean => {
    requireWanted(context, container);
    return !options.byPolicy || container.phase.state === 'restarting';
  };
  context.journal.backlog.flush();
  const devices = await containerDevices(context, spec);
  await using pending = new Pending();
  const acquired: Start = {
    container,
    devices,
    cgroupPaths: {},
    applied: [],
    links: [],
    held: [],
    reserved: [],
    pending,
  };
  const letGoOf = (ports: HeldPorts[]) => {
    for (const one of ports.splice(0)) one[Symbol.dispose]();
  };
  undo.defer(() => letGoOf(acquired.held));
  undo.defer(() => letGoOf(acquired.reserved));
  await acquireRun(context, acquired, undo);
  using _place = await starts.enter();
  // What follows is the longest work of all.
  await ownTurn();
  if (!isWanted()) return false;
  // A start that cannot be stored is refused before anything runs.
  const { request = null, watcher = null } = options;
  context.ledger.decide(container, { facts: factsOf(context, acquired, options), request });
  using filling = await context.volumes.reserveToFill(volumesToFill(spec));
  const { links } = acquired;
  const attended = watcher !== null;
  const { plan, bareBinds } = encodedPlan(context, container, { devices, links, attended });
  await pending.done();
  filling.begin();
  const run = beginRun(context, container, { watcher, bareBinds });
  undo.defer(() => {
    container.run = null;
  });
  const shim = await spawnShim(context, container, run, {
    plan,
    held: acquired.held.flatMap(({ fds }) => fds),
  });
  letGoOf(acquired.held);
  undo.defer(() => releaseShim(context, container));
  undo.defer(() => cni.release(context, container));
  if (!isWanted()) return false;
  run.shim = shim;
  if (run.main) run.main.shim = shim;
  const started = awaitStart(container, run, 0);
  shim.listen(shimListener(context, container, run));
  await started;
  letGoOf(acquired.reserved);
  filling.end();
  run.abandon = null;
  run.spawned = null;
  return true;
}

/** A start may have waited long. Throws if it is no longer wanted. */
export function requireWanted(context: EngineContext, container: Container): void {
  // Whoever wants it asks the next daemon.
  requireStaying(context);
  const cannot = `Cannot start container '${container.name}'`;
  if (context.stopping.signal.aborted)
    throw new LikerError(
      'SHUTTING_DOWN',
      `${cannot}: likerd is shutting down and stops all containers; try again later`,
    );
  if (container.unwanted)
    throw new LikerError('WRONG_STATE', `${cannot}: it is being removed`, {
      metadata: { container: container.id },
    });
}

/** A start by a call resets the counts of the restart policy. */
function forgetRestarts(context: EngineContext, container: Container): void {
  disarmRestart(container);
  context.ledger.remember(container, { restartCount: 0, restartsInARow: 0, stopRequested: false });
}

function factsOf(
  context: EngineContext,
  { container, cgroupPaths, applied }: Start,
  { byPolicy, again = false, watcher }: StartOptions,
): Partial<Facts> {
  const { spec, facts } = container;
  return {
    cgroupPaths,
    appliedLimits: appliedLimits(context, spec, applied),
    clientLost: false,
    attended: Boolean(watcher),
    oomKills: 0,
    egressDenied: 0,
    oomHitMain: false,
    health: spec.healthCheck && newHealth,
    restartUnhealthy: false,
    begun: byPolicy ? afterStart(facts.begun) : beginStart(facts.begun, again),
    killsDue: {},
  };
}

/** The run with its main process, and the session of the client that it is for. */
function beginRun(
  context: EngineContext,
  container: Container,
  { watcher, bareBinds }: { readonly watcher: Watcher | null; readonly bareBinds: readonly BareBind[] },
): Run {
  const { process: spec, onDisconnect } = container.spec;
  const run = new Run();
  const main = newProcess(context, container, {
    shim: null,
    processId: 'main',
    number: 0,
    spec,
    onDisconnect,
  });
  run.main = main;
  container.run = run;
  const session = watcher && main.initiate(watcher.sink);
  warnOfUserNamespace(context, container, session);
  reportLeftOut(context, container, session);
  for (const bare of bareBinds) reportBareBind(context, container, session, bare);
  if (session) watcher?.onSession(session);
  return run;
}

/** Run makes and starts the container in one call: here its client hears what a create would have answered. */
function warnOfUserNamespace(
  context: EngineContext,
  { facts, phase }: Container,
  session: ClientSession | null,
): void {
  const warning = userNamespaceWarning(context, facts);
  if (warning !== null && phase.state === 'created') session?.warn('USERNS_UNAVAILABLE', warning);
}

/** Limits that could not be set become warnings for the client, and events. */
function reportLeftOut(context: EngineContext, container: Container, session: ClientSession | null): void {
  for (const limit of container.facts.appliedLimits.filter(({ problem }) => problem !== '')) {
    const { knob, requested, problem } = limit;
    session?.warn('LIMIT_REFUSED', warningOf(limit));
    context.ledger.event(container, {
      action: 'limit_not_applied',
      attributes: { knob, requested, problem },
    });
  }
}

function reportBareBind(
  context: EngineContext,
  container: Container,
  session: ClientSession | null,
  bare: BareBind,
): void {
  const problem = bareBindWarning(bare);
  session?.warn('USERNS_UNAVAILABLE', problem);
  const { source, target } = bare;
  context.ledger.event(container, { action: 'mount_not_idmapped', attributes: { source, target, problem } });
}

function storeFailure(context: EngineContext, container: Container, error: unknown): void {
  const exit = unseenExit(startErrorCode(error), asError(error).message);
  const reason = error instanceof LikerError ? error.reason : 'INTERNAL';
  context.ledger.change(
    container,
    {
      phase: { state: 'exited', exit },
      facts: { health: null, begun: afterStart(container.facts.begun) },
    },
    { action: 'start_failed', attributes: { error: exit.startError, reason } },
  );
}
