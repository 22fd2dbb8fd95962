import { LikerError } from '../../../../common/errors.ts';
import type { Shim, ShimExit, ShimListener, Started, StartFailure } from '../../../kernel/process/shim.ts';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import type { OnDisconnect, ProcessSpec } from '../../process/spec.ts';
import { ContainerProcess } from '../../sessions/process.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { execRow, writeExecRecord, writeRunRecord } from '../resources/run-record.ts';
import { endedUnseen, mainEnded } from './end.ts';
import { execEnded, finishExec } from './exec-end.ts';
import { tellOomKills } from './oom.ts';
import { startError, startErrorCode } from './start-error.ts';

/** A process of the container, with its sessions joined to the container's life. */
export function newProcess(
  context: EngineContext,
  container: Container,
  values: { processId: string; number: number; spec: ProcessSpec; onDisconnect: OnDisconnect },
): ContainerProcess {
  return new ContainerProcess(
    { containerId: container.id, containerName: () => container.name, ...values },
    container.shim,
    {
      clientLost: (process) => context.supervision.clientLost(container, process),
      attached: (process) => {
        container.changed.notify();
        const lost = process.identity.number === 0 && container.facts.clientLost;
        const event = { action: 'attach', attributes: { process: process.identity.processId } };
        if (lost) context.ledger.change(container, { facts: { clientLost: false } }, event);
        else context.ledger.event(container, event);
      },
      detached: (process, { initiator }) => {
        const event = { action: 'detach', attributes: { process: process.identity.processId } };
        // Who detached is not waited for after a restart of the daemon.
        if (initiator && process.identity.number !== 0) {
          context.ledger.execs.keep(process.identity.processId);
          writeExecRecord(context, container, execRow(process));
        }
        const facts = initiator && process.identity.number === 0 ? { attended: false } : {};
        context.ledger.change(container, { facts }, event);
      },
    },
  );
}

/** Hears what the container's shim says and passes it to the process that it is about. */
export function shimListener(context: EngineContext, container: Container, shim: Shim): ShimListener {
  return {
    started: (number, started) => {
      // At once, and not in whoever waits for it: the next frame may be its exit.
      const process = container.process(number);
      if (number === 0) commitRunning(context, container, shim, started);
      else if (process && !container.probes.has(number)) {
        const { processId, spec } = process.identity;
        context.ledger.event(container, {
          action: 'exec_start',
          attributes: { execID: processId, command: spec.args[0] ?? '' },
        });
      }
      process?.started(started);
      settle(container, number, null);
    },
    failed: (number, failure) => {
      if (container.pendingStarts.has(number)) settle(container, number, failure);
      else failedUnseen(context, container, number, failure);
    },
    data: (number, stream, offset, bytes) => {
      container.process(number)?.clients.output(stream, offset, bytes);
      if (number === 0) container.output.notify();
    },
    snapshotData: (number, request, stream, offset, bytes) =>
      container.process(number)?.clients.replayData(request, stream, offset, bytes),
    snapshotEnd: (number, request, stdout, stderr) =>
      container.process(number)?.clients.replayEnd(request, stdout, stderr),
    stdinAck: (number, session, offset) => container.process(number)?.stdinAck(session, offset),
    stdinRefused: (number, session, offset) => container.process(number)?.stdinRefused(session, offset),
    oom: (count) => tellOomKills(context, container, count),
    exit: (number, exit) => ended(context, container, number, exit),
    logLost: (stream, bytes) => {
      const attributes = { stream: stream === 2 ? 'stderr' : 'stdout', bytes: String(bytes) };
      context.log.warn('output was not logged', { container: container.id, ...attributes });
      context.ledger.event(container, { action: 'log_lost', attributes });
    },
    closed: (fault) => {
      if (container.shim !== shim) return;
      for (const number of [...container.pendingStarts.keys()]) settle(container, number, { fault });
      const what = 'a shim was lost, and the container cannot be cared for';
      inBackground(context, container, what, context.supervision.shimLost(container));
    },
  };
}

function commitRunning(context: EngineContext, container: Container, shim: Shim, started: Started): void {
  const startedAt = Number(started.startedAtNs / 1_000_000n);
  const { begun } = container.facts;
  context.ledger.change(
    container,
    {
      phase: {
        state: 'running',
        startedAt,
        main: { pid: started.pid, startTime: started.startTime },
        shimPid: shim.pid,
      },
      facts: { begun: afterStart(begun) },
    },
    ...startEvents(begun),
  );
  writeRunRecord(context, container);
  startLifeClock(container, 0);
  context.supervision.running(container, { ageMs: 0, adopted: false });
}

/** From here on the life of the main process, which has been running for `ageMs`, is measured. */
export function startLifeClock(container: Container, ageMs: number): void {
  container.startedSteadyMs = performance.now() - ageMs;
}

/** `failure`: the step that failed, or the loss of the shim with what of its words could not be taken. */
function settle(
  container: Container,
  number: number,
  failure: StartFailure | { readonly fault: Error | null } | null,
): void {
  const pending = container.pendingStarts.get(number);
  container.pendingStarts.delete(number);
  if (!pending) return;
  const ofContainer = `container '${container.name}'`;
  const what = number === 0 ? ofContainer : `the process in ${ofContainer}`;
  if (failure === null) pending.resolve();
  else if ('fault' in failure) {
    const why = failure.fault?.message ?? 'its shim was lost before it answered';
    pending.reject(new LikerError('SHIM_LOST', `Cannot start ${what}: ${why}`));
  } else pending.reject(startError(what, failure));
}

/** A start that an earlier daemon began and did not live to see fail. */
function failedUnseen(
  context: EngineContext,
  container: Container,
  number: number,
  failure: StartFailure,
): void {
  const process = container.process(number);
  const error = startError(`container '${container.name}'`, failure);
  const exit = unseenExit(startErrorCode(error), error.message);
  const end =
    number === 0
      ? endedUnseen(context, container, exit)
      : process && finishExec(context, container, process, exit);
  if (end) inBackground(context, container, 'cleaning up after a failed start failed', end);
}

function ended(context: EngineContext, container: Container, number: number, exit: ShimExit): void {
  const process = container.process(number);
  if (!process) {
    container.shim?.taken(number);
    return;
  }
  const end =
    number === 0 ? mainEnded(context, container, exit) : execEnded(context, container, process, exit);
  const fields = { process: process.identity.processId };
  inBackground(context, container, 'cleaning up after a process failed', end, fields);
}

/** A start that takes longer hangs in a file system that does not answer: even a busy disk answers sooner. */
const startMs = 120_000;

/**
 * Resolves when the shim says that the process has started; rejects with the step that failed, or with TIMED_OUT: then its
 * processes must be killed, and may remain until that file system is gone.
 */
export async function awaitStart(container: Container, number: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  container.pendingStarts.set(number, { resolve, reject });
  const timer = setTimeout(() => {
    container.pendingStarts.delete(number);
    reject(startHangs(container, number));
  }, startMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function startHangs({ id, name }: Container, number: number): LikerError {
  const what = number === 0 ? `container '${name}'` : `the process in container '${name}'`;
  return new LikerError(
    'TIMED_OUT',
    `Cannot start ${what}: it hangs, for ${startMs / 1000} s by now; look for a file system in its root or mounts that does not answer`,
    { metadata: { container: id } },
  );
}
