import { LikerError } from '../../../common/errors.ts';
import { fromShim, type StreamNumber } from '../../../common/shim/protocol.ts';
import type { FrameHeader } from '../../../common/shim/reader.ts';
import type { Cursor } from './cursor.ts';
import type { HostProcess } from './host-process.ts';

/** Receives what a shim reports, in order. */
export interface ShimListener {
  started(process: number, started: Started): void;
  failed(process: number, failure: StartFailure): void;
  data(process: number, stream: StreamNumber, offset: bigint, bytes: Buffer): void;
  snapshotData(process: number, request: number, stream: StreamNumber, offset: bigint, bytes: Buffer): void;
  snapshotEnd(process: number, request: number, stdout: bigint, stderr: bigint): void;
  stdinAck(process: number, session: bigint, offset: bigint): void;
  /** The shim refused the bytes of a session's stdin from this offset on. */
  stdinRefused(process: number, session: bigint, offset: bigint): void;
  /** A client of a process is connected to the shim itself, or could not be. */
  client(process: number, session: bigint, isOpen: boolean): void;
  exit(process: number, exit: ShimExit): void;
  /** The main process waits until its network namespace, this fd of the shim, is connected. */
  connect(namespace: number): void;
  /** The program that connects the network namespace has ended and will be started again (`why`), or is there again (null). */
  network(why: string | null): void;
  /** The number of out-of-memory kills in the container since its start. */
  oom(count: number): void;
  /** This many bytes of the main process's output could not be logged. */
  logLost(stream: StreamNumber, bytes: bigint): void;
  /** The connection closed: the shim has ended, or is lost. `fault`: what it sent was invalid. */
  closed(fault: Error | null): void;
}

/** How a process ended. `code` is the program's exit code, if `signal` is 0. */
export type ShimExit = Readonly<ReturnType<typeof readExit>>;

function readExit(c: Cursor) {
  return {
    code: c.i32(),
    signal: c.i32(),
    coreDumped: c.u32() !== 0,
    exitedAtNs: c.u64(),
    stdoutTotal: c.u64(),
    stderrTotal: c.u64(),
    outputCut: c.u32() !== 0,
  };
}

export interface Started extends HostProcess {
  readonly startedAtNs: bigint;
}

function readStarted(c: Cursor): Started {
  return { pid: c.u32(), startTime: c.u64().toString(), startedAtNs: c.u64() };
}

/** The step of a start that failed. */
export type StartFailure = Readonly<ReturnType<typeof readFailure>>;

export function readFailure(c: Cursor) {
  // The index of the step in the plan.
  c.u32();
  return { errno: c.i32(), step: c.str(), syscall: c.str(), object: c.str() };
}

export type ShimState = Readonly<ReturnType<typeof readState>>;
export type ShimProcessState = Readonly<ReturnType<typeof readProcess>>;

export function readState(c: Cursor) {
  return { pid: c.u32(), processes: Array.from({ length: c.u32() }, () => readProcess(c)) };
}

const processStates = { 1: 'starting', 2: 'running', 3: 'ended' } as const;

function readProcess(c: Cursor) {
  const process = c.u32();
  const number = c.u32();
  const state = processStates[number as 1 | 2 | 3];
  if (!state) throw new LikerError('SHIM_LOST', `The shim reported an unknown state ${number}`);
  // True if it has a terminal.
  c.u32();
  return {
    process,
    state,
    ...readStarted(c),
    stdout: c.u64(),
    stderr: c.u64(),
    stdoutLimit: c.u64(),
    stderrLimit: c.u64(),
    exit: state === 'ended' ? readExit(c) : null,
  };
}

type Report = (listener: ShimListener, header: FrameHeader, c: Cursor) => void;

const reports: ReadonlyMap<number, Report> = new Map<number, Report>([
  [fromShim.started, (to, { process }, c) => to.started(process, readStarted(c))],
  [fromShim.failed, (to, { process }, c) => to.failed(process, readFailure(c))],
  [
    fromShim.snapshotData,
    (to, { process, stream }, c) => to.snapshotData(process, c.u32(), stream, c.u64(), Buffer.from(c.rest())),
  ],
  [fromShim.snapshotEnd, (to, { process }, c) => to.snapshotEnd(process, c.u32(), c.u64(), c.u64())],
  [fromShim.stdinAck, (to, { process }, c) => to.stdinAck(process, c.u64(), c.u64())],
  [fromShim.stdinRefused, (to, { process }, c) => to.stdinRefused(process, c.u64(), c.u64())],
  [fromShim.client, (to, { process }, c) => to.client(process, c.u64(), c.u32() !== 0)],
  [fromShim.exit, (to, { process }, c) => to.exit(process, readExit(c))],
  [fromShim.connect, (to, _header, c) => to.connect(c.u32())],
  [fromShim.network, (to, _header, c) => to.network(c.u32() === 0 ? c.str() : null)],
  [fromShim.oom, (to, _header, c) => to.oom(Number(c.u64()))],
  [fromShim.logLost, (to, { stream }, c) => to.logLost(stream, c.u64())],
]);

/** Passes a frame to the listener. Ignores kinds that this daemon does not know, which a newer shim may send. */
export function report(listener: ShimListener, header: FrameHeader, payload: Cursor): void {
  reports.get(header.type)?.(listener, header, payload);
}
