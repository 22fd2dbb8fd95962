import { EventEmitter } from 'node:events';
import { frameFlags } from '../../common/ttrpc/frames.ts';
import { connectLocal } from './local-socket.ts';
import { callError, Line, type Receiver } from './ttrpc-line.ts';
import type { BegunCall, BidiStream, CallError, Method, ServerStream, UnaryOptions, Wire } from './wire.ts';

/** So many messages wait for their reader before no more are read. */
const mostWaiting = 16;

/**
 * ttrpc, which loads fast. It has no windows and cannot cancel a call: so each stream has a connection of its own, whose end cancels it
 * and whose buffers stop the daemon. So does a unary call that can be cancelled; the others share one.
 */
export class TtrpcWire implements Wire {
  readonly #socketPath: string;
  readonly #isBackground: boolean;
  readonly #lines = new Set<Line>();
  #shared: Line | null = null;
  isMutual = false;
  isDoubtful = false;

  /** In the background, its connections do not keep the process alive. */
  constructor(socketPath: string, { isBackground = false }: { readonly isBackground?: boolean } = {}) {
    this.#socketPath = socketPath;
    this.#isBackground = isBackground;
  }

  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs = 0, signal }: UnaryOptions,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    if (!signal && !this.#shared?.isOpen) this.#shared = this.#open();
    const line = signal ? this.#open() : (this.#shared as Line);
    const cancel = (): void => line.close();
    signal?.addEventListener('abort', cancel);
    const payload = method.requestSerialize(request);
    const timeoutNano = Math.ceil(deadlineMs * 1e6);
    const late = () => reject(callError('DEADLINE_EXCEEDED', 'Deadline exceeded'));
    const timer = deadlineMs > 0 ? setTimeout(late, deadlineMs) : undefined;
    line.call({ path: method.path, payload, timeoutNano }, 0, {
      message: (bytes) => resolve(method.responseDeserialize(bytes)),
      over: (error) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        if (signal) line.close();
        reject(error ?? new Error(`No answer to ${method.path}`));
      },
    });
    return promise;
  }

  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ServerStream<Response> {
    return new TtrpcStream(this.#open(), method, {
      flags: frameFlags.remoteClosed,
      payload: method.requestSerialize(request),
    });
  }

  bidiStream<Request, Response>(
    method: Method<Request, Response>,
    begun?: BegunCall,
  ): BidiStream<Request, Response> {
    if (begun === undefined)
      return new TtrpcStream(this.#open(), method, { flags: frameFlags.remoteOpen, payload: null });
    return new TtrpcStream(this.#open(begun), method, null);
  }

  #open(begun?: BegunCall): Line {
    const line = new Line(begun ?? connectLocal(this.#socketPath), begun !== undefined);
    if (this.#isBackground) line.socket.unref();
    this.#lines.add(line);
    line.socket.on('data', () => {
      this.isMutual ||= line.hasAnswered;
    });
    line.socket.once('close', () => {
      this.#lines.delete(line);
      this.isDoubtful = !this.isMutual && (this.isDoubtful || line.endedMute);
    });
    return line;
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }
}

/** A call with a stream of responses, on a connection of its own. */
class TtrpcStream<Request, Response> extends EventEmitter implements BidiStream<Request, Response>, Receiver {
  readonly #line: Line;
  readonly #method: Method<Request, Response>;
  readonly #stream: number;
  #waiting: Response[] = [];
  /** The end: null for a good one. */
  #outcome: CallError | null | undefined;
  #wake: () => void = () => {};
  #hasEnded = false;

  /** `opening`: of the call; null if it was made before. */
  constructor(
    line: Line,
    method: Method<Request, Response>,
    opening: { readonly flags: number; readonly payload: Buffer | null } | null,
  ) {
    super();
    this.#line = line;
    this.#method = method;
    this.#stream =
      opening === null
        ? line.goOn(this)
        : line.call({ path: method.path, payload: opening.payload, timeoutNano: 0 }, opening.flags, this);
    line.socket.on('drain', () => this.emit('drain'));
  }

  get writable(): boolean {
    return this.#outcome === undefined && !this.#hasEnded;
  }

  write(request: Request): boolean {
    return !this.writable || this.#line.send(this.#stream, this.#method.requestSerialize(request));
  }

  end(): void {
    if (this.writable) this.#line.endStream(this.#stream);
    this.#hasEnded = true;
  }

  cancel(): void {
    this.#line.close();
  }

  async *messages(): AsyncGenerator<Response> {
    for (;;) {
      for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
        if (this.#waiting.length < mostWaiting) this.#line.socket.resume();
        yield message;
      }
      if (this.#outcome) throw this.#outcome;
      if (this.#outcome === null) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  message(bytes: Buffer): void {
    this.#waiting.push(this.#method.responseDeserialize(bytes));
    if (this.#waiting.length >= mostWaiting) this.#line.socket.pause();
    this.#wake();
  }

  over(error: CallError | null): void {
    this.#outcome = error;
    this.#line.socket.destroy();
    this.#wake();
    this.emit('close');
  }
}
