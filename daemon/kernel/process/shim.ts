import { close, constants, openSync } from 'node:fs';
import { createConnection, type OnReadOpts, Socket } from 'node:net';
import { asError } from '../../../common/errors.ts';
import { encodeHeader, encodeSize, u32s, u64s, type WindowSize } from '../../../common/shim/encode.ts';
import {
  frameHeader,
  fromShim,
  oldestShimProtocol,
  type StreamNumber,
  shimProtocol,
  toShim,
  untoldMaxFrameBytes,
} from '../../../common/shim/protocol.ts';
import { type FrameHeader, FrameReader } from '../../../common/shim/reader.ts';
import { maxFrameBytes } from '../../../common/sizes.ts';
import { socketFd } from '../../loop/socket-fd.ts';
import { sendFd, sendPlan } from '../../native/libliker.ts';
import { Writer } from '../plan/fields.ts';
import { type StepName, stepKind } from '../plan/steps.ts';
import { Cursor } from './cursor.ts';
import { readState, report, type ShimListener, type ShimState } from './reports.ts';

/** The answer to a HELLO. This daemon may control only an adopted shim. */
export type HelloAnswer =
  | { readonly kind: 'adopted' }
  | { readonly kind: 'no-answer' }
  | { readonly kind: 'unknown-protocol'; readonly protocol: number };

/** A shim answers within a turn of its loop; one that is stopped or hangs must not block the daemon. */
const helloMs = 5_000;

/** The last kind of step of shims that do not announce it. */
const untoldLastStep = stepKind('join-path');

/** The bit of a shim that takes clients. */
const takesClients = 1;

/** A client that is connected to the shim itself. */
export interface ClientStart {
  readonly session: bigint;
  /** Bits of enum client_may in native/include/protocol.h. */
  readonly may: number;
  /** noBound: only what follows. */
  readonly since: { readonly stdout: bigint; readonly stderr: bigint };
}

/** One buffer for all shims: what is read is passed on before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** A connection to the shim of one container. Sending never blocks and never throws: a lost shim closes. */
export type Shim = Pick<ShimConnection, Exclude<keyof ShimConnection, 'begin'>>;

export interface SpawnedShim {
  readonly shim: Shim;
  readonly pid: number;
  /** Resolves when it has ended, which may be long after its connection closed. */
  readonly ended: Promise<void>;
  kill(): void;
}

export class ShimConnection {
  readonly #socket: Socket;
  #listener: ShimListener | null = null;
  #stateWaiter: ((protocol: number, rest: Cursor) => void) | null = null;
  #closed = false;
  #fault: Error | null = null;
  /** The greatest frame that the shim accepts: it closes the connection on a larger one. Default: that of this version. */
  maxFrameBytes = maxFrameBytes;
  /** Pid of the shim; 0 until it is known. */
  pid: number;
  /** The last kind of step that it knows. */
  #lastStep = Number.POSITIVE_INFINITY;
  /** Whether clients can be connected to it. Default: as this version. */
  takesClients = true;
  /** Resolves when the connection is closed. */
  readonly whenClosed: Promise<void>;

  private constructor(open: (onread: OnReadOpts) => Socket, pid: number) {
    this.pid = pid;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenClosed = promise;
    const reader = new FrameReader({
      data: (header, offset, bytes) => {
        this.#listener?.data(header.process, header.stream, offset, Buffer.from(bytes));
      },
      frame: (header, payload) => this.#frame(header, payload),
    });
    const socket = open({
      buffer: readBuffer,
      callback: (bytes, buffer) => {
        try {
          reader.push(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        } catch (error) {
          this.#fault = asError(error);
          socket.destroy();
        }
        return true;
      },
    });
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      resolve();
      this.#listener?.closed(this.#fault);
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether the shim, which may be of an earlier version, knows a step. */
  knows(step: StepName): boolean {
    return stepKind(step) <= this.#lastStep;
  }

  /** Takes over the daemon's end of a spawn's socket pair. */
  static adoptSocket(fd: number, pid: number): ShimConnection {
    return new ShimConnection((onread) => new Socket({ fd, readable: true, writable: true, onread }), pid);
  }

  /** Connects to the shim of a run folder. Rejects if none listens there. */
  static async connect(runDir: string): Promise<ShimConnection> {
    // The path of a socket is limited to 107 bytes; through the folder's fd it is always short.
    const O_PATH = 0x200000;
    const dir = openSync(runDir, O_PATH | constants.O_DIRECTORY);
    try {
      const shim = new ShimConnection(
        (onread) => createConnection({ path: `/proc/self/fd/${dir}/shim.sock`, onread }),
        0,
      );
      await new Promise<void>((resolve, reject) => {
        shim.#socket.once('connect', resolve);
        shim.#socket.once('error', reject);
      });
      return shim;
    } finally {
      close(dir);
    }
  }

  /** Gives a shim that was spawned without a plan one, and fds that it keeps open. False if that is not possible, or it has ended. */
  begin(plan: Buffer, held: readonly number[]): boolean {
    return !this.#closed && sendPlan(socketFd(this.#socket), plan, held);
  }

  listen(listener: ShimListener): void {
    this.#listener = listener;
    if (this.#closed) queueMicrotask(() => listener.closed(this.#fault));
  }

  /**
   * Adopts the shim. `receive` gets the shim's state and returns the listener for all that follows. Closes the connection if the
   * shim is not adopted.
   */
  hello(receive: (state: ShimState) => ShimListener): Promise<HelloAnswer> {
    return new Promise((resolve) => {
      const settle = (answer: HelloAnswer) => {
        clearTimeout(timer);
        this.#socket.removeListener('close', onClose);
        if (answer.kind !== 'adopted') this.leave();
        resolve(answer);
      };
      const onClose = () => settle({ kind: 'no-answer' });
      const timer = setTimeout(onClose, helloMs);
      this.#socket.once('close', onClose);
      this.#stateWaiter = (protocol, rest) => {
        // Another version has another format after the version number, so nothing more is read.
        if (protocol < oldestShimProtocol || protocol > shimProtocol)
          return settle({ kind: 'unknown-protocol', protocol });
        const state = readState(rest);
        this.maxFrameBytes = rest.isAtEnd ? untoldMaxFrameBytes : rest.u32();
        this.#lastStep = rest.isAtEnd ? untoldLastStep : rest.u32();
        this.takesClients = !rest.isAtEnd && (rest.u32() & takesClients) !== 0;
        this.pid = state.pid;
        this.#listener = receive(state);
        settle({ kind: 'adopted' });
      };
      this.#send(toShim.hello, 0, 0, u32s(shimProtocol));
    });
  }

  /** Whether it refuses stdin that it cannot accept. An older shim closes the connection. */
  get refusesStdin(): boolean {
    return this.maxFrameBytes !== untoldMaxFrameBytes;
  }

  /** Whether a plan of this size can be sent. */
  takesPlan(bytes: number): boolean {
    return bytes + frameHeader <= this.maxFrameBytes;
  }

  exec(process: number, plan: Buffer): void {
    this.#send(toShim.exec, 0, process, plan);
  }

  stdin(process: number, session: bigint, offset: number, bytes: Buffer): void {
    const head = Buffer.allocUnsafe(16);
    head.writeBigUInt64LE(session, 0);
    head.writeBigUInt64LE(BigInt(offset), 8);
    this.#send(toShim.stdin, 0, process, head, bytes);
  }

  closeStdin(process: number, session: bigint): void {
    this.#send(toShim.closeStdin, 0, process, u64s(session));
  }

  askStdinOffset(process: number, session: bigint): void {
    this.#send(toShim.stdinOffset, 0, process, u64s(session));
  }

  resize(process: number, size: WindowSize): void {
    this.#send(toShim.resize, 0, process, encodeSize(size));
  }

  signal(process: number, signal: number, scope: 'process' | 'foreground'): void {
    this.#send(toShim.signal, 0, process, u32s(signal, scope === 'foreground' ? 1 : 0));
  }

  limit(process: number, stream: StreamNumber, offset: bigint): void {
    this.#send(toShim.limit, stream, process, u64s(offset));
  }

  snapshot(process: number, request: number, sinceStdout: bigint, sinceStderr: bigint): void {
    this.#send(toShim.snapshot, 0, process, u32s(request), u64s(sinceStdout, sinceStderr));
  }

  /** Hands over the connected socket of a client of the process; the shim has a copy of it. False if that is not possible now. */
  async openClient(process: number, { session, may, since }: ClientStart, socket: Socket): Promise<boolean> {
    // What Node.js still holds back comes first.
    while (!this.#closed && this.#socket.writableLength > 0)
      await new Promise<void>((resolve) => this.#socket.write('', () => resolve()));
    if (this.#closed || socket.destroyed) return false;
    const payload = [u64s(session), u32s(may), u64s(since.stdout, since.stderr)];
    const frame = Buffer.concat([encodeHeader(toShim.open, 0, process, payload), ...payload]);
    return sendFd(socketFd(this.#socket), frame, socketFd(socket));
  }

  /** Ends the connection of a client, once what it has sent is read. */
  closeClient(process: number, session: bigint): void {
    this.#send(toShim.close, 0, process, u64s(session));
  }

  /** Whether the shim sends the output of the process here, and whether there are clients of it here. */
  hear(process: number, { output, clients }: { readonly output: boolean; readonly clients: boolean }): void {
    this.#send(toShim.listen, 0, process, u32s((output ? 1 : 0) | (clients ? 2 : 0)));
  }

  taken(process: number): void {
    this.#send(toShim.taken, 0, process);
  }

  /** The network namespace of the main process is connected. `texts` go to the files of the step `await-daemon`. */
  connected(texts: readonly string[]): void {
    const w = new Writer();
    for (const text of texts) w.str(text);
    this.#send(toShim.connected, 0, 0, w.finish());
  }

  /** Ignores a shim that was told to end; the connection closes when it does. */
  leaveWhenEnded(): void {
    this.#listener = null;
  }

  /** Closes the connection. The shim goes on without a daemon. */
  leave(): void {
    this.#listener = null;
    this.#socket.destroy();
  }

  #send(type: number, stream: number, process: number, ...parts: Buffer[]): void {
    if (this.#closed) return;
    this.#socket.cork();
    this.#socket.write(encodeHeader(type, stream, process, parts));
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  #frame(header: FrameHeader, payload: Buffer): void {
    const c = new Cursor(payload);
    if (header.type === fromShim.state) {
      this.#stateWaiter?.(c.u32(), c);
      this.#stateWaiter = null;
    } else if (this.#listener) report(this.#listener, header, c);
  }
}
