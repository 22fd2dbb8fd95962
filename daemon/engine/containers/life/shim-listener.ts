import { asError } from '../../../../common/errors.ts';
import type { ShimExit, ShimListener, Started } from '../../../kernel/process/reports.ts';
import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { exitStatus, unseenExit } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import type { Run } from '../model/run.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { connectCni } from './connect-cni.ts';
import { endedUnseen, mainEnded } from './end.ts';
import { execEnded } from './exec-end.ts';
import { reportOomKills, wasExecOomKilled } from './oom.ts';
import { settleStart } from './pending-start.ts';
import { startError, startErrorCode } from './start-error.ts';
import { startLifeClock } from './supervision.ts';

/** Hears what the shim of the run says and passes it to the process that it is about. */
export function shimListener(context: EngineContext, container: Container, run: Run): ShimListener {
  const { shim } = run;
  return {
    started: (number, started) => {
      // Here and now: the next frame may be the exit.
      cgroupOf(context, container).noteProcess(number, started);
      const process = run.process(number);
      if (number === 0) commitRunning(context, container, run, started);
      else if (process && !run.probes.has(number)) {
        const { processId, spec } = process.identity;
        context.ledger.event(container, {
          action: 'exec_start',
          attributes: { execID: processId, command: spec.args[0] ?? '' },
        });
      }
      process?.started(started);
      settleStart(container, run, number, null);
    },
    failed: (number, failure) => {
      if (run.pendingStarts.has(number)) settleStart(container, run, number, failure);
      else failedUnseen(context, container, run.process(number), startError(named(container), failure));
    },
    connect: (namespace) => {
      connectCni(context, container, run, namespace).catch((error: unknown) => {
        if (run.pendingStarts.has(0)) settleStart(container, run, 0, asError(error));
        else failedUnseen(context, container, run.main, asError(error));
      });
    },
    network: (why) => tellNetwork(context, container, why),
    data: (number, stream, offset, bytes) => {
      run.process(number)?.clients.output(stream, offset, bytes);
      if (number === 0) container.output.notify();
    },
    snapshotData: (number, request, stream, offset, bytes) =>
      run.process(number)?.clients.replayData(request, stream, offset, bytes),
    snapshotEnd: (number, request, stdout, stderr) =>
      run.process(number)?.clients.replayEnd(request, stdout, stderr),
    stdinAck: (number, session, offset) => run.process(number)?.stdinAck(session, offset),
    stdinRefused: (number, session, offset) => run.process(number)?.stdinRefused(session, offset),
    client: (number, session, isOpen) => run.process(number)?.clientOpened(session, isOpen),
    oom: (count) => reportOomKills(context, container, count),
    exit: (number, exit) => ended(context, container, run, { number, exit }),
    logLost: (stream, bytes) => {
      const attributes = { stream: stream === 2 ? 'stderr' : 'stdout', bytes: String(bytes) };
      context.log.warn('cannot log output', { container: container.id, ...attributes });
      context.ledger.event(container, { action: 'log_lost', attributes });
    },
    closed: (fault) => {
      if (run.shim !== shim) return;
      for (const number of [...run.pendingStarts.keys()]) settleStart(container, run, number, { fault });
      const what = 'handling a lost shim failed';
      inBackground(context, container, what, context.supervision.shimLost(container));
    },
  };
}

function commitRunning(context: EngineContext, container: Container, run: Run, started: Started): void {
  const { pid, startTime, startedAtNs } = started;
  const startedAt = Number(startedAtNs / 1_000_000n);
  const { begun } = container.facts;
  context.ledger.change(
    container,
    {
      phase: { state: 'running', startedAt, main: { pid, startTime }, shimPid: run.shim?.pid ?? 0 },
      facts: { begun: afterStart(begun) },
    },
    ...startEvents(begun),
  );
  writeRunRecord(context, container);
  context.supervision.running(container, { ...startLifeClock(run, 0), adopted: false });
}

/** `why`: what connects its network has ended; null: it is there again. */
function tellNetwork(context: EngineContext, container: Container, why: string | null): void {
  const attributes = { program: container.facts.networkProgram, ...(why !== null && { error: why }) };
  if (why !== null)
    context.log.warn("what connects a container's network has ended", {
      container: container.id,
      ...attributes,
    });
  context.ledger.event(container, { action: why === null ? 'network-restored' : 'network-lost', attributes });
}

function named({ name }: Container): string {
  return `container '${name}'`;
}

/** A start by an earlier daemon, which died before it failed. */
function failedUnseen(
  context: EngineContext,
  container: Container,
  process: ContainerProcess | null,
  error: Error,
): void {
  if (!process) return;
  const exit = unseenExit(startErrorCode(error), error.message);
  const end =
    process.identity.number === 0
      ? endedUnseen(context, container, exit)
      : execEnded(context, container, process, { exit });
  inBackground(context, container, 'cleaning up after a failed start failed', end);
}

function ended(
  context: EngineContext,
  container: Container,
  run: Run,
  { number, exit }: { readonly number: number; readonly exit: ShimExit },
): void {
  const process = run.process(number);
  if (!process) run.shim?.taken(number);
  else if (number === 0) mainEnded(context, container, run, exit);
  else {
    const oomKilled = wasExecOomKilled(context, container, process, exit.signal);
    const status = { ...exitStatus(exit, process.startedAt), oomKilled };
    const end = execEnded(context, container, process, { exit: status });
    inBackground(context, container, 'cleaning up after an exec failed', end);
  }
}
