import { Connection, type Method } from '../client/connection/connection.ts';
import { TtrpcWire } from '../client/connection/ttrpc-wire.ts';
import { archiveRequests, upload } from '../client/connection/upload.ts';
import type { OpenWire } from '../client/connection/wire.ts';
import { inCalls } from './advice.ts';
import { abortable, waiting } from './waiting.ts';

/** The bytes of an archive, such as a stream of a file. */
export type Archive = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What every call takes. */
export interface CallOptions {
  /** Gives the call up: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

interface SendOptions<Response> extends CallOptions {
  readonly onAnswer?: (answer: Response) => void;
}

interface StreamOptions extends CallOptions {
  /** It goes on with what comes: a lost likerd is waited for without end. */
  readonly follows: boolean;
  /** What to do when it breaks off, of a stream that cannot be continued. */
  readonly again?: string;
}

const openTtrpc: OpenWire = (path) => new TtrpcWire(path, { isBackground: true });

/** The calls to one likerd. */
export class Engine {
  readonly connection: Connection;
  /** The id of the lease with which things are made; empty: none. */
  leaseId: () => Promise<string> = async () => '';

  constructor(socketPath: string) {
    const options = { reword: inCalls, tell: () => {}, isBackground: true };
    this.connection = new Connection(socketPath, openTtrpc, options);
  }

  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { signal }: CallOptions = {},
  ): Promise<Response> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return waiting(abortable(this.connection.unary(method, request, signal ? { signal } : {}), signal));
  }

  /** Makes something. likerd makes it also when the call is given up: then `unmake` takes it away again. */
  async make<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    unmake: (made: Response) => Promise<unknown>,
    { signal }: CallOptions,
  ): Promise<Response> {
    signal?.throwIfAborted();
    const making = this.call(method, request);
    try {
      return await abortable(making, signal);
    } catch (error) {
      if (signal?.aborted) making.then(unmake).catch(() => {});
      throw error;
    }
  }

  /** `request` is called again after a loss and says where to go on. */
  async *stream<Request, Response>(
    method: Method<Request, Response>,
    request: () => Request,
    { follows, again, signal }: StreamOptions,
  ): AsyncGenerator<Response, void, undefined> {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const options = { follows, ...(again !== undefined && { again }), signal: both };
    const messages = this.connection.messages(method, request, options);
    try {
      for (;;) {
        const { value, done } = await waiting(abortable(messages.next(), signal));
        if (done) return;
        yield value;
      }
    } finally {
      stop.abort();
      messages.return(undefined).catch(() => {});
    }
  }

  /** Sends an archive, or a file; resolves when it has been taken. */
  send<Start extends object, Response>(
    ...upload: Parameters<typeof Engine.prototype.upload<Start, Response>>
  ): Promise<void> {
    return waiting(this.upload(...upload));
  }

  /** As `send`, but keeps no program alive. */
  async upload<Start extends object, Response>(
    method: Method<{ start?: Start; data?: Uint8Array; end?: object }, Response>,
    start: Start,
    bytes: Archive,
    { signal, onAnswer = () => {} }: SendOptions<Response> = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const answers = upload(this.connection, method, archiveRequests(start, inPieces(bytes)), signal);
    const all = (async () => {
      for await (const answer of answers) onAnswer(answer);
    })();
    await abortable(all, signal);
  }

  close(): void {
    this.connection.close();
  }
}

const pieceBytes = 256 * 1024;

/** A message has its greatest size. */
async function* inPieces(parts: Archive): AsyncGenerator<Uint8Array> {
  for await (const part of parts)
    for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
}
