import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { asError, LikerError } from '../../common/errors.ts';
import { maxMessageBytes } from '../../proto/limits.ts';
import { notice } from '../output/notice.ts';
import type { Given } from './field-flags.ts';
import { ChannelCredentials, Client, Metadata } from './grpc.ts';
import { fromServiceError, isConnectionLoss, neverConnected } from './service-error.ts';

/** The part of a method's definition that a client needs. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

const channelOptions = {
  'grpc.default_authority': 'localhost',
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // With HTTP/2's default of 64 KiB every second chunk of output would cost a round trip.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** How long a call waits for a lost likerd. `endlessly` is for calls that wait for something that may never happen. */
const shortPatienceMs = 30_000;
export const endlessly = Number.POSITIVE_INFINITY;

/** A short call that was lost more often than this may itself crash the daemon. */
const mostLosses = 3;

interface CallOptions {
  /** The call waits for ever without it. */
  readonly deadlineMs?: number;
  /** How long the call waits for a lost likerd. */
  readonly patienceMs?: number;
}

interface SessionLoss extends CallOptions {
  /** Nobody misses likerd yet. */
  readonly quiet?: boolean;
}

/** The losses of one call so far. */
interface Losses {
  readonly patienceMs: number;
  /** When the call was last lost, by performance.now(). */
  at: number;
  count: number;
}

/**
 * A connection to the daemon. Its calls fail with LikerErrors. A call that loses its connection is repeated once a daemon
 * listens again; a call that changes something therefore carries a request_id, unless it is idempotent. If no daemon has
 * answered yet and none listens, a call fails at once.
 */
export class Connection {
  readonly socketPath: string;
  readonly #given: Given;
  #client: Client;
  /** True once a daemon has answered. */
  #met = false;
  /** How often in a row a daemon was found and the call was lost again. */
  #attempt = 0;
  /** The search for a daemon that all lost calls await. */
  #wayBack: Promise<void> | null = null;

  /** Errors name a field of a request by the flags that set it, if they were given. */
  constructor(socketPath: string, given: Given = () => []) {
    this.socketPath = socketPath;
    this.#given = given;
    this.#client = this.#connect();
  }

  #connect(): Client {
    return new Client(`unix:${this.socketPath}`, ChannelCredentials.createInsecure(), channelOptions);
  }

  /** Calls a unary method. */
  async unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs, patienceMs = shortPatienceMs }: CallOptions = {},
  ): Promise<Response> {
    const losses = { patienceMs, at: 0, count: 0 };
    for (;;) {
      const client = this.#client;
      try {
        const response = await this.#once(client, method, request, deadlineMs);
        this.answered();
        return response;
      } catch (error) {
        await this.#comeBack(client, asError(error), losses);
      }
    }
  }

  #once<Request, Response>(
    client: Client,
    method: Method<Request, Response>,
    request: Request,
    deadlineMs: number | undefined,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
      (error, response) => {
        if (error !== null) reject(this.explain(error));
        else if (response === undefined) reject(new Error(`No answer to ${method.path}`));
        else resolve(response);
      },
    );
    return promise;
  }

  /**
   * The messages of a server stream. `request` is called again after a loss and says where to go on. A stream that `follows`
   * waits endlessly for a lost likerd. One that has no second half (an archive) is never repeated once a message has come: then a loss
   * is an error that ends with `again`, what to do. Leaving the loop early cancels the call, and so does the signal.
   */
  async *messages<Request, Response>(
    method: Method<Request, Response>,
    request: () => Request,
    {
      follows,
      again,
      signal,
    }: { readonly follows: boolean; readonly again?: string; readonly signal?: AbortSignal } = {
      follows: true,
    },
  ): AsyncGenerator<Response> {
    let begun = false;
    const losses = { patienceMs: follows ? endlessly : shortPatienceMs, at: 0, count: 0 };
    for (;;) {
      const client = this.#client;
      const call = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request(),
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        for await (const message of call) {
          this.answered();
          begun = true;
          yield message as Response;
        }
        return;
      } catch (error) {
        const explained = this.explain(error as ServiceError);
        if (signal?.aborted) throw explained;
        if (begun && again !== undefined && isConnectionLoss(explained))
          throw new LikerError('DAEMON_UNREACHABLE', `likerd ended in the middle of it; ${again}`);
        await this.#comeBack(client, explained, losses);
      } finally {
        signal?.removeEventListener('abort', cancel);
        call.cancel();
      }
    }
  }

  /** Resolves when a lost session can be opened again. Throws `error` if it is no loss, or if no daemon comes back in time. */
  comeBack(error: Error, { patienceMs = shortPatienceMs, quiet = false }: SessionLoss = {}): Promise<void> {
    return this.#comeBack(this.#client, error, { patienceMs, at: 0, count: 0 }, { isSession: true, quiet });
  }

  /** Records that the daemon has answered. */
  answered(): void {
    this.#met = true;
    this.#attempt = 0;
  }

  /** Resolves when the call can be repeated. Throws its error if it is no loss, or if no daemon comes back in time. */
  async #comeBack(
    client: Client,
    error: Error,
    losses: Losses,
    { isSession = false, quiet = false }: { readonly isSession?: boolean; readonly quiet?: boolean } = {},
  ): Promise<void> {
    const reachedNobody = neverConnected(error);
    if (!isConnectionLoss(error) || (!this.#met && reachedNobody)) throw error;
    this.#met = true;
    if (losses.count === 0 || !reachedNobody) {
      losses.count += 1;
      losses.at = performance.now();
    }
    const { patienceMs, at, count } = losses;
    const giveUpAt = at + patienceMs;
    if (performance.now() >= giveUpAt || (count > mostLosses && patienceMs !== endlessly)) throw error;
    // Another call has reconnected already.
    if (client !== this.#client) return;
    this.#wayBack ??= this.#findBack(giveUpAt, { isSession, quiet }).finally(() => {
      this.#wayBack = null;
    });
    await this.#wayBack;
  }

  async #findBack(
    giveUpAt: number,
    { isSession, quiet }: { readonly isSession: boolean; readonly quiet: boolean },
  ): Promise<void> {
    // A short call prints a notice only if the wait takes long.
    const isTold = giveUpAt === endlessly && this.#attempt === 0 && !quiet;
    // Loaded here because few runs of likerctl lose their daemon.
    const { lostText, untilListening } = await import('./absence.ts');
    if (isTold) notice(lostText);
    const wait = { attempt: this.#attempt, giveUpAt, lost: giveUpAt !== endlessly, quiet };
    this.#attempt += 1;
    if (!(await untilListening(this.socketPath, wait))) return;
    this.#client.close();
    this.#client = this.#connect();
    // A session prints its own notice when it is ready.
    if (isTold && !isSession) notice('reconnected');
  }

  bidiStream<Request, Response>(method: Method<Request, Response>): ClientDuplexStream<Request, Response> {
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
    );
  }

  explain(error: ServiceError): Error {
    return fromServiceError(error, this.socketPath, this.#given);
  }

  close(): void {
    this.#client.close();
  }
}
