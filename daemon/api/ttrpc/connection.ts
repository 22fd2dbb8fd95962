import type { Socket } from 'node:net';
import type { ServiceError } from '@grpc/grpc-js';
import { asError, statusCodes } from '../../../common/errors.ts';
import { statusDetailsKey } from '../../../common/rpc-status.ts';
import {
  encodeFrame,
  type Frame,
  FrameError,
  FrameReader,
  frameFlags,
  frameTypes,
} from '../../../common/ttrpc/frames.ts';
import { decodeRequest, encodeResponse, type Request } from '../../../common/ttrpc/messages.ts';
import { encodeFields } from '../../../common/wire.ts';
import type { Log } from '../../host/log.ts';
import { longestDelayMs } from '../wire/deadline.ts';
import type { Channel, OpenCall, Served } from './channel.ts';
import { TtrpcStreamCall } from './stream-call.ts';
import { TtrpcUnaryCall } from './unary-call.ts';

/** A client that leaves so many bytes of its answers unread is not read either until it has taken them. */
const mostUnread = 4 * 1024 * 1024;

const empty = new Uint8Array();

const streamRule = 'a client numbers its calls with odd numbers that rise';

/** Methods by their paths. */
export type Methods = ReadonlyMap<string, Served>;

/** A connection of a client that speaks ttrpc. */
export class TtrpcConnection implements Channel {
  readonly log: Log;
  readonly peer: string;
  readonly #socket: Socket;
  readonly #methods: Methods;
  readonly #reader = new FrameReader();
  readonly #calls = new Map<number, OpenCall>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #holders = new Set<object>();
  #lastStream = 0;
  #isClosing = false;

  constructor(socket: Socket, methods: Methods, log: Log) {
    this.log = log;
    this.peer = socket.remoteAddress ?? '';
    this.#socket = socket;
    this.#methods = methods;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.release(this));
    socket.on('end', () => this.#lost());
    socket.on('close', () => this.#lost());
  }

  /** Ends the connection once its calls are over and their answers sent. */
  close(): void {
    this.#isClosing = true;
    if (this.#calls.size === 0) this.#socket.end();
  }

  message(stream: number, bytes: Uint8Array, sent: () => void): void {
    const frame = encodeFrame(stream, frameTypes.data, 0, bytes);
    this.#send(frame, sent);
  }

  respond(stream: number, outcome: Uint8Array | ServiceError): void {
    this.#send(responseFrame(stream, outcome));
    this.#forget(stream);
  }

  endStream(stream: number): void {
    const flags = frameFlags.remoteClosed | frameFlags.noData;
    this.#send(encodeFrame(stream, frameTypes.data, flags, empty));
    this.#forget(stream);
  }

  hold(holder: object): void {
    this.#holders.add(holder);
    this.#socket.pause();
  }

  release(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#socket.resume();
  }

  #send(frame: Buffer, sent?: () => void): void {
    if (!this.#socket.writable) return;
    this.#socket.write(frame, (error) => error ?? sent?.());
    if (this.#socket.writableLength > mostUnread) this.hold(this);
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#receive(frame);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** What comes after such bytes cannot be read. */
  #refuse(thrown: unknown): void {
    const { message, stream = 0 } = asError(thrown) as Partial<FrameError> & Error;
    this.log.debug('connection failed', { error: message });
    if (stream > 0) this.respond(stream, failure('RESOURCE_EXHAUSTED', message));
    this.#socket.removeAllListeners('data');
    this.#socket.end(() => this.#socket.destroy());
    this.#lost();
  }

  #receive({ stream, type, flags, data }: Frame): void {
    if (type === frameTypes.request) this.#open(stream, flags, data);
    // As in the reference implementation, types of later versions are passed over. So are messages that crossed the end of their call.
    if (type !== frameTypes.data) return;
    const call = this.#calls.get(stream);
    const isLast = (flags & frameFlags.remoteClosed) !== 0;
    const hasMessage = (flags & frameFlags.noData) === 0 && !(isLast && data.length === 0);
    if (hasMessage) call?.receive(data);
    if (isLast) call?.receive(null);
  }

  #open(stream: number, flags: number, data: Buffer): void {
    if (stream % 2 !== 1 || stream <= this.#lastStream) {
      this.respond(stream, failure('INVALID_ARGUMENT', `Invalid stream ${stream}: ${streamRule}`));
      return;
    }
    this.#lastStream = stream;
    const request = requestIn(data);
    const served = this.#methods.get(request?.path ?? '');
    if (request === null || served === undefined) {
      this.respond(stream, request === null ? unreadable : notImplemented(request.path));
      return;
    }
    const call = this.#callOf(stream, served, request);
    this.#calls.set(stream, call);
    if (served.definition.requestStream && (flags & frameFlags.remoteOpen) === 0) call.receive(null);
    call.begin();
  }

  #callOf(stream: number, served: Served, { payload, timeoutNano }: Request) {
    const bytes = payload && Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const deadline = this.#deadlineOf(stream, timeoutNano / 1e6);
    return served.definition.responseStream
      ? new TtrpcStreamCall(this, stream, served, bytes, deadline)
      : new TtrpcUnaryCall(this, stream, served, bytes ?? Buffer.alloc(0), deadline);
  }

  /** A deadline beyond the reach of a timer is left to the client. */
  #deadlineOf(stream: number, timeoutMs: number): number {
    if (timeoutMs === 0 || timeoutMs > longestDelayMs) return Number.POSITIVE_INFINITY;
    this.#timers.set(
      stream,
      setTimeout(() => this.#expire(stream), timeoutMs),
    );
    return Date.now() + timeoutMs;
  }

  #expire(stream: number): void {
    const call = this.#calls.get(stream);
    this.respond(stream, failure('DEADLINE_EXCEEDED', 'Deadline exceeded'));
    call?.cancel();
  }

  #forget(stream: number): void {
    clearTimeout(this.#timers.get(stream));
    this.#timers.delete(stream);
    this.#calls.delete(stream);
    if (this.#isClosing && this.#calls.size === 0) this.#socket.end();
  }

  /** ttrpc has no other way to cancel a call than to end its connection. */
  #lost(): void {
    const calls = [...this.#calls.values()];
    for (const stream of this.#calls.keys()) this.#forget(stream);
    for (const call of calls) call.cancel();
  }
}

const unreadable = failure('INVALID_ARGUMENT', 'The request cannot be read: it is no ttrpc.Request');
const notImplemented = (path: string): ServiceError =>
  failure('UNIMPLEMENTED', `The server does not implement the method ${path}`);

function requestIn(bytes: Buffer): Request | null {
  try {
    return decodeRequest(bytes);
  } catch {
    return null;
  }
}

/** An answer that is too large for a frame fails the call. */
function responseFrame(stream: number, outcome: Uint8Array | ServiceError): Buffer {
  const response = ArrayBuffer.isView(outcome)
    ? { status: null, payload: outcome }
    : { status: statusOf(outcome), payload: empty };
  try {
    return encodeFrame(stream, frameTypes.response, 0, encodeResponse(response));
  } catch (thrown) {
    if (!(thrown instanceof FrameError)) throw thrown;
    return responseFrame(stream, failure('RESOURCE_EXHAUSTED', thrown.message));
  }
}

/** The google.rpc.Status that gRPC sends beside the code and the message, which it contains. */
function statusOf({ code, details, metadata }: ServiceError): Uint8Array {
  const [status] = metadata?.get(statusDetailsKey) ?? [];
  return status instanceof Uint8Array ? status : encodeFields([1, code], [2, details]);
}

function failure(code: keyof typeof statusCodes, message: string): ServiceError {
  return Object.assign(new Error(message), {
    code: statusCodes[code] as number,
    details: message,
  }) as unknown as ServiceError;
}
