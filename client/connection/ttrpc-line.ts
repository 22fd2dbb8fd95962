import { asError, statusCodes } from '../../common/errors.ts';
import { statusDetailsKey } from '../../common/rpc-status.ts';
import { encodeFrame, FrameError, FrameReader, frameFlags, frameTypes } from '../../common/ttrpc/frames.ts';
import { decodeResponse, encodeRequest, type Request } from '../../common/ttrpc/messages.ts';
import { WireMessage } from '../../common/wire.ts';
import type { LocalSocket } from './local-socket.ts';
import type { CallError } from './wire.ts';

/** What comes of a call. After `over` nothing more comes. */
export interface Receiver {
  message(bytes: Buffer): void;
  /** Null: it ended well. */
  over(error: CallError | null): void;
}

export function callError(
  code: keyof typeof statusCodes,
  details: string,
  more: Partial<CallError> = {},
): CallError {
  return Object.assign(new Error(details), { code: statusCodes[code], details, ...more });
}

const empty = Buffer.alloc(0);

/** A connection that speaks ttrpc. */
export class Line {
  readonly socket: LocalSocket;
  readonly #reader = new FrameReader();
  readonly #receivers = new Map<number, Receiver>();
  #lastStream = -1;
  #isConnected = false;
  /** A frame of ttrpc has come. */
  hasAnswered = false;
  /** It ended before anything came, as when the daemon does not know ttrpc. */
  endedMute = false;

  /** `isConnected`: already, or its event 'connect' will tell. */
  constructor(socket: LocalSocket, isConnected: boolean) {
    this.socket = socket;
    this.#isConnected = isConnected;
    this.socket.once('connect', () => {
      this.#isConnected = true;
    });
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // The text of the error tells why, such as ECONNREFUSED.
    this.socket.on('error', (error: Error) => this.#lost(error.message));
    this.socket.on('close', () => this.#lost('The connection ended'));
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Goes on with the one call that was made before the connection was this line's. */
  goOn(receiver: Receiver): number {
    this.#lastStream += 2;
    this.#receivers.set(this.#lastStream, receiver);
    return this.#lastStream;
  }

  /** Makes a call. */
  call(request: Request, flags: number, receiver: Receiver): number {
    this.#lastStream += 2;
    this.#receivers.set(this.#lastStream, receiver);
    this.#write(this.#lastStream, frameTypes.request, flags, encodeRequest(request));
    return this.#lastStream;
  }

  /** Returns whether there is room for more. */
  send(stream: number, message: Buffer): boolean {
    return this.#write(stream, frameTypes.data, 0, message);
  }

  /** No more messages come. */
  endStream(stream: number): void {
    this.#write(stream, frameTypes.data, frameFlags.remoteClosed | frameFlags.noData, empty);
  }

  /** A message that is too large fails its call. */
  #write(stream: number, type: number, flags: number, data: Buffer): boolean {
    try {
      return this.socket.write(encodeFrame(stream, type, flags, data));
    } catch (thrown) {
      this.#over(stream, callError('RESOURCE_EXHAUSTED', asError(thrown).message));
      return true;
    }
  }

  #read(chunk: Buffer): void {
    try {
      for (const { stream, type, flags, data } of this.#reader.push(chunk)) {
        this.hasAnswered = true;
        if (type === frameTypes.response) this.#respond(stream, data);
        else if (type === frameTypes.data) this.#receive(stream, flags, data);
      }
    } catch (thrown) {
      const isOtherWire = thrown instanceof FrameError && thrown.stream === 0 && !this.hasAnswered;
      const { message } = asError(thrown);
      this.#end(
        callError(isOtherWire ? 'UNAVAILABLE' : 'INTERNAL', message, isOtherWire ? { isOtherWire } : {}),
      );
    }
  }

  #receive(stream: number, flags: number, data: Buffer): void {
    const isLast = (flags & frameFlags.remoteClosed) !== 0;
    const hasMessage = (flags & frameFlags.noData) === 0 && !(isLast && data.length === 0);
    if (hasMessage) this.#receivers.get(stream)?.message(data);
    if (isLast) this.#over(stream, null);
  }

  #respond(stream: number, bytes: Buffer): void {
    const { status, payload } = decodeResponse(bytes);
    if (status === null) this.#receivers.get(stream)?.message(Buffer.from(payload));
    this.#over(stream, status && errorOf(status));
  }

  #over(stream: number, error: CallError | null): void {
    const receiver = this.#receivers.get(stream);
    this.#receivers.delete(stream);
    receiver?.over(error);
  }

  #lost(details: string): void {
    this.endedMute ||= this.#isConnected && !this.hasAnswered && this.#receivers.size > 0;
    this.#end(callError('UNAVAILABLE', details));
  }

  /** Ends it, which cancels its calls. */
  close(): void {
    this.#end(callError('CANCELLED', 'Cancelled on client'));
  }

  #end(error: CallError): void {
    this.socket.destroy();
    for (const stream of [...this.#receivers.keys()]) this.#over(stream, error);
  }
}

/** As grpc-js gives the daemon's errors. */
function errorOf(status: Uint8Array): CallError {
  const parsed = new WireMessage(status);
  const details = parsed.text(2);
  const metadata = { get: (key: string) => (key === statusDetailsKey ? [status] : []) };
  return Object.assign(new Error(details), { code: parsed.number(1), details, metadata });
}
