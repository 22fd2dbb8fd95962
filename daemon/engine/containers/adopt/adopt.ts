import { asError } from '../../../../common/errors.ts';
import { oldestShimProtocol, shimProtocol } from '../../../kernel/process/protocol.ts';
import type {
  HelloAnswer,
  Shim,
  ShimExit,
  ShimProcessState,
  ShimState,
} from '../../../kernel/process/shim.ts';
import { ownTurn } from '../../../loop/turns.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext, runFolderOf } from '../../context.ts';
import { recordedExit, unseenExit } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { endedUnseen, endedWhileAway } from '../life/end.ts';
import { execEnded, execsWithCgroup, forgetUnknown, releaseExec } from '../life/exec-end.ts';
import { startLifeClock } from '../life/life-clock.ts';
import { newProcess } from '../life/new-process.ts';
import { oomKillsOf, tellOomKills } from '../life/oom.ts';
import { reconnectMs } from '../life/patience.ts';
import { removeRecord } from '../life/remove-record.ts';
import { shimListener } from '../life/shim-listener.ts';
import { inTurn } from '../life/turn.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { livePhase, type Phase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import { execOf, readExecRecord, writeRunRecord } from '../resources/run-record.ts';
import { releaseRun, runResources } from '../resources/run-resources.ts';
import { readRecords } from './recover.ts';
import { sweep } from './sweep.ts';

export interface LeftBehind {
  /** By a daemon before the machine was started anew: no process that its records name is there any more. */
  readonly freshBoot: boolean;
}

/**
 * Takes over all that an earlier daemon has left: compares the records with the shims and the kernel before it
 * believes them, and clears away what belongs to no record.
 */
export async function adoptAll(context: EngineContext, left: LeftBehind): Promise<void> {
  await readRecords(context);
  const containers = context.registry.all();
  await Promise.all(
    containers.map((container) =>
      adopt(context, container, left).catch((error: unknown) => {
        const fields = { container: container.id, error: asError(error).message };
        context.log.error('adopting a container failed', fields);
      }),
    ),
  );
  await sweep(context);
}

async function adopt(context: EngineContext, container: Container, left: LeftBehind): Promise<void> {
  await ownTurn();
  for (const resource of runResources) await resource.reattach?.(context, container);
  const answer = await reconnect(context, container);
  context.supervision.adopted(container);
  if (answer.kind === 'adopted') return;
  await settleWithoutShim(context, container, answer, left);
  context.supervision.left(container, left);
}

/** Finds the container's shim by its run folder, and takes it over when it answers. */
export async function reconnect(context: EngineContext, container: Container): Promise<HelloAnswer> {
  const shim = await context.processes.connect(runFolderOf(context, container.id)).catch(() => null);
  return shim ? shim.hello((state) => takeOver(context, container, shim, state)) : { kind: 'no-answer' };
}

/** Rebuilds the container's processes from what its shim holds. Called before the shim says anything else. */
function takeOver(context: EngineContext, container: Container, shim: Shim, state: ShimState) {
  container.run ??= new Run();
  const { run } = container;
  run.shim = shim;
  // Those of before have lost their ends: whoever waits for one gives up as the run is supervised anew.
  run.probes.clear();
  const rows = new Map(context.ledger.execs.rows(container.id).map((row) => [row.number, row]));
  for (const held of state.processes) {
    const row = rows.get(held.process) ?? recallExec(context, container, held.process);
    const process = rebuild(context, container, run, { number: held.process, row });
    if (!process) {
      discard(context, container, shim, held.process);
      continue;
    }
    // Not by its limits alone: the shim lifts them when no daemon comes for long.
    const attended = row ? row.onDisconnect !== 'keep' : container.facts.attended;
    process.adopt(held, { graceMs: reconnectMs, attended });
    if (held.process !== 0 && held.exit)
      queueExecEnd(context, container, process, held.exit, row?.exit !== null);
    else if (held.state !== 'ended' && attended) expectClient(context, container, process);
  }
  forgetUnknown(context, container, { held: state.processes, rows: [...rows.values()] });
  notePastExecs(context, container, state);
  const main = state.processes.find((held) => held.process === 0);
  if (main) trustShim(context, container, run, main);
  context.log.info('container adopted', {
    container: container.id,
    shim: state.pid,
    processes: state.processes.length,
  });
  return shimListener(context, container, run);
}

/** The disk was full when it was started, and its daemon died before it could store it. */
function recallExec(context: EngineContext, container: Container, number: number): ExecRow | undefined {
  const row = number === 0 ? null : readExecRecord(context, container, number);
  if (!row) return undefined;
  context.ledger.execs.recall(row);
  return row;
}

/** Never reuses a number that the shim or a process left by an exec still has: a record may be older than the last exec. */
function notePastExecs(context: EngineContext, container: Container, state: ShimState): void {
  const numbers = [...state.processes.map((held) => held.process), ...execsWithCgroup(context, container)];
  const nextExec = Math.max(container.facts.nextExec, ...numbers.map((number) => number + 1));
  context.ledger.remember(container, { nextExec });
}

/** A probe of an earlier daemon, or an exec that it died before recording: no client waits for it. */
function discard(context: EngineContext, container: Container, shim: Shim, number: number): void {
  void releaseExec(context, container, number, { kill: true });
  shim.taken(number);
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
    context.log.error('the record of an exec cannot be read', { container: container.id, error: message });
    return null;
  }
}

/** Brings the record in line with the main process as the shim has it. */
function trustShim(context: EngineContext, container: Container, run: Run, main: ShimProcessState): void {
  if (main.exit) {
    endedWhileAway(context, container, run, main.exit);
    return;
  }
  if (main.state === 'starting') {
    awaitDecision(context, container, run);
    return;
  }
  const startedAt = Number(main.startedAtNs / 1_000_000n);
  const wasPaused = container.phase.state === 'paused';
  // Not if the earlier daemon thawed it and died before recording that.
  const paused = wasPaused && cgroupOf(context, container).frozen();
  const phase: Extract<Phase, { state: 'running' | 'paused' }> = {
    state: paused ? 'paused' : 'running',
    startedAt,
    main: { pid: main.pid, startTime: main.startTime },
    shimPid: run.shim?.pid ?? 0,
  };
  const { begun } = container.facts;
  const events = [
    // A start that the earlier daemon had not recorded when it died.
    ...(livePhase(container.phase) ? [] : startEvents(begun)),
    ...(wasPaused && !paused ? [{ action: 'unpause' }] : []),
  ];
  context.ledger.change(container, { phase, facts: { begun: afterStart(begun, phase.main) } }, ...events);
  // The earlier daemon may have died between the record and its copy.
  writeRunRecord(context, container);
  tellOomKills(context, container, oomKillsOf(context, container));
  const clock = startLifeClock(run, context.proc.ageMs(main.startTime));
  context.supervision.running(container, { ...clock, adopted: true });
}

/** A start that an earlier daemon began keeps its turn until it has succeeded or failed. */
function awaitDecision(context: EngineContext, container: Container, run: Run): void {
  const before = container.phase;
  const { shim } = run;
  run.abandon = () =>
    void cgroupOf(context, container)
      .kill()
      .catch(() => {});
  const decided = async (): Promise<void> => {
    await container.changed.until(() => container.phase !== before || run.shim !== shim, Infinity);
    run.abandon = null;
    if (container.phase !== before || context.leaving.signal.aborted) return;
    await settleWithoutShim(context, container, { kind: 'no-answer' }, { freshBoot: false });
    context.supervision.left(container, { freshBoot: false });
  };
  const what = 'a start that an earlier likerd began cannot be cared for';
  inBackground(context, container, what, inTurn(context, container, decided));
}

function queueExecEnd(
  context: EngineContext,
  container: Container,
  process: ContainerProcess,
  exit: ShimExit,
  isStored: boolean,
): void {
  const ended = execEnded(context, container, process, exit, { isStored });
  inBackground(context, container, 'cleaning up after an exec failed', ended);
}

/** The client for which it was started may come back; when it does not, it is taken as lost. */
function expectClient(context: EngineContext, container: Container, process: ContainerProcess): void {
  // It was considered lost before.
  if (container.facts.killsDue[process.identity.number] !== undefined) return;
  // Told before, and nothing was to follow from it.
  if (process.identity.number === 0 && container.facts.clientLost && process.onDisconnect === 'keep') return;
  const timer = setTimeout(() => {
    if (!process.exit && process.clients.count === 0 && !process.clients.everAttached)
      context.supervision.clientLost(container, process);
  }, reconnectMs);
  timer.unref();
}

type Unadopted = Exclude<HelloAnswer, { kind: 'adopted' }>;

/** No shim is ours: tells from the exit record and the kernel what has become of the container. */
export async function settleWithoutShim(
  context: EngineContext,
  container: Container,
  answer: Unadopted,
  { freshBoot }: LeftBehind,
): Promise<void> {
  const live = livePhase(container.phase);
  // Its folders go after its record, but on a full disk, where a removal cannot be stored.
  if (!context.folders.exist(container.id) && !(live && context.processes.isAlive(live.main))) {
    await releaseRun(context, container);
    removeRecord(context, container, null);
    return;
  }
  const recorded = context.processes.exitRecord(runFolderOf(context, container.id));
  if (recorded && (live || container.phase.state === 'created')) {
    await endedUnseen(context, container, recordedExit(recorded));
  } else if (live && !freshBoot && context.processes.isAlive(live.main)) {
    orphan(context, container, live, answer);
  } else if (live) {
    const reason = 'Its shim was lost: how it ended is not known';
    await endedUnseen(context, container, unseenExit(255, reason, live.startedAt));
  } else {
    await releaseRun(context, container);
    const { phase } = container;
    // Its daemon died before removing it; a container that could not be started stays.
    if (phase.state === 'exited' && phase.exit.startedAt !== null && container.spec.autoRemove)
      removeRecord(context, container, phase.exit);
  }
}

function orphan(
  context: EngineContext,
  container: Container,
  { state, main, startedAt }: NonNullable<ReturnType<typeof livePhase>>,
  answer: Unadopted,
): void {
  const reason =
    answer.kind === 'no-answer'
      ? 'its shim does not answer'
      : `its shim speaks protocol ${answer.protocol}, this likerd ${oldestShimProtocol} to ${shimProtocol}: ` +
        'it can be killed and removed, or attached to by the likerd that has started it';
  context.log.warn('container orphaned', { container: container.id, reason });
  // One that an earlier daemon found so is nothing new.
  const events = state === 'orphaned' ? [] : [{ action: 'orphaned', attributes: { reason } }];
  context.ledger.change(container, { phase: { state: 'orphaned', main, startedAt } }, ...events);
  container.run ??= new Run();
  const clock = startLifeClock(container.run, context.proc.ageMs(main.startTime));
  context.supervision.orphaned(container, clock);
}
