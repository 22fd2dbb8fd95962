import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { asError } from '../../common/errors.ts';
import { maxMessageBytes } from '../../proto/limits.ts';
import { notice } from '../output/notice.ts';
import type { IsGiven } from './field-flags.ts';
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
  // HTTP/2's default of 64 KiB costs a round trip for every other chunk of output.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** How long a call waits for a likerd that went away; `endlessly`: for a call that waits for something that may never happen. */
const shortPatienceMs = 30_000;
export const endlessly = Number.POSITIVE_INFINITY;

/** A short call that was lost this often may be what makes the daemon die. */
const mostLosses = 3;

interface CallOptions {
  /** Without it the call waits for ever. */
  readonly deadlineMs?: number;
  /** How long it waits for a likerd that went away. */
  readonly patienceMs?: number;
}

/** What has become of a call so far. */
interface Losses {
  readonly patienceMs: number;
  /** When it was lost last, by performance.now(). */
  at: number;
  count: number;
}

/**
 * The way to the daemon. Errors of its calls are LikerErrors. A call whose connection was lost is repeated when a daemon
 * listens again; one that changes something carries a request_id, unless doing it twice is the same as once. If nobody has
 * listened from the beginning, it fails at once.
 */
export class Connection {
  readonly socketPath: string;
  readonly #isGiven: IsGiven;
  #client: Client;
  /** A daemon has answered. */
  #met = false;
  /** How often in a row a found daemon did not help. */
  #attempt = 0;
  /** The search for the way back, for all calls that were lost. */
  #wayBack: Promise<void> | null = null;

  /** Errors name the fields of requests by the flags that set them, where those were given. */
  constructor(socketPath: string, isGiven: IsGiven = () => false) {
    this.socketPath = socketPath;
    this.#isGiven = isGiven;
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
   * The messages of a server stream. `request` is called again after a loss and says where to go on. A stream that `follows` what
   * happens waits endlessly for likerd. Leaving the loop early cancels the call.
   */
  async *messages<Request, Response>(
    method: Method<Request, Response>,
    request: () => Request,
    { follows }: { readonly follows: boolean } = { follows: true },
  ): AsyncGenerator<Response> {
    const losses = { patienceMs: follows ? endlessly : shortPatienceMs, at: 0, count: 0 };
    for (;;) {
      const client = this.#client;
      const call = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request(),
      );
      try {
        for await (const message of call) {
          this.answered();
          yield message as Response;
        }
        return;
      } catch (error) {
        await this.#comeBack(client, this.explain(error as ServiceError), losses);
      } finally {
        call.cancel();
      }
    }
  }

  /** For a lost session: resolves when it can be opened again; throws if it was not lost, or if it takes too long. */
  comeBack(error: Error, { patienceMs = shortPatienceMs }: CallOptions = {}): Promise<void> {
    return this.#comeBack(this.#client, error, { patienceMs, at: 0, count: 0 }, { isSession: true });
  }

  /** The daemon has said something. */
  answered(): void {
    this.#met = true;
    this.#attempt = 0;
  }

  /** Resolves when the call can be made again; throws its error when it cannot, or when that takes too long. */
  async #comeBack(
    client: Client,
    error: Error,
    losses: Losses,
    { isSession = false }: { readonly isSession?: boolean } = {},
  ): Promise<void> {
    const cameToNobody = neverConnected(error);
    if (!isConnectionLoss(error) || (!this.#met && cameToNobody)) throw error;
    this.#met = true;
    if (losses.count === 0 || !cameToNobody) {
      losses.count += 1;
      losses.at = performance.now();
    }
    const { patienceMs, at, count } = losses;
    const giveUpAt = at + patienceMs;
    if (performance.now() >= giveUpAt || (count > mostLosses && patienceMs !== endlessly)) throw error;
    // Unless another call has reconnected already.
    if (client !== this.#client) return;
    this.#wayBack ??= this.#findBack(giveUpAt, { isSession }).finally(() => {
      this.#wayBack = null;
    });
    await this.#wayBack;
  }

  async #findBack(giveUpAt: number, { isSession }: { readonly isSession: boolean }): Promise<void> {
    // For a short call it is not worth a message, unless it takes long.
    const tells = giveUpAt === endlessly && this.#attempt === 0;
    // Loaded only here: few runs of likerctl lose their daemon.
    const { lostText, untilListening } = await import('./absence.ts');
    if (tells) notice(lostText);
    const wait = { attempt: this.#attempt, giveUpAt, lost: giveUpAt !== endlessly };
    this.#attempt += 1;
    if (!(await untilListening(this.socketPath, wait))) return;
    this.#client.close();
    this.#client = this.#connect();
    // A session is back when it is ready.
    if (tells && !isSession) notice('reconnected');
  }

  bidiStream<Request, Response>(method: Method<Request, Response>): ClientDuplexStream<Request, Response> {
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
    );
  }

  explain(error: ServiceError): Error {
    return fromServiceError(error, this.socketPath, this.#isGiven);
  }

  close(): void {
    this.#client.close();
  }
}
