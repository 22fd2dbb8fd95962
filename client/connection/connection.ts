import { asError, LikerError } from '../../common/errors.ts';
import { notice } from '../output/notice.ts';
import { system } from './methods.ts';
import {
  fromServiceError,
  isConnectionLoss,
  isOtherWire,
  neverConnected,
  type Telling,
} from './service-error.ts';
import type { BegunCall, BidiStream, CallError, Method, OpenWire, Wire } from './wire.ts';
import { grpcWire } from './wires.ts';

export type { Method } from './wire.ts';

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
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

export interface ConnectionOptions extends Partial<Telling> {
  /** Tells the user that the daemon is lost. Default: on stderr. */
  readonly tell?: (text: string) => void;
  /** The search for a lost daemon does not keep the process alive. */
  readonly isBackground?: boolean;
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
  readonly #options: Required<ConnectionOptions>;
  #openWire: OpenWire;
  #wire: Wire;
  #isClosed = false;
  /** True once a daemon has answered. */
  #met = false;
  /** How often in a row a daemon was found and the call was lost again. */
  #attempt = 0;
  /** The search for a daemon that all lost calls await. */
  #wayBack: Promise<void> | null = null;

  constructor(
    socketPath: string,
    openWire: OpenWire,
    {
      given = () => [],
      reword = (message) => message,
      tell = notice,
      isBackground = false,
    }: ConnectionOptions = {},
  ) {
    this.socketPath = socketPath;
    this.#openWire = openWire;
    this.#options = { given, reword, tell, isBackground };
    this.#wire = openWire(socketPath);
  }

  /** Calls a unary method. */
  async unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs, patienceMs = shortPatienceMs, signal }: CallOptions = {},
  ): Promise<Response> {
    const losses = { patienceMs, at: 0, count: 0 };
    for (;;) {
      const wire = this.#wire;
      try {
        const response = await wire.unary(method, request, { deadlineMs, signal });
        this.answered();
        return response;
      } catch (error) {
        const explained = this.explain(asError(error));
        if (!signal?.aborted) await this.#comeBack(wire, explained, losses);
        if (signal?.aborted) throw explained;
      }
    }
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
      const wire = this.#wire;
      const call = wire.serverStream(method, request());
      const cancel = (): void => call.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        for await (const message of call.messages()) {
          this.answered();
          begun = true;
          yield message;
        }
        return;
      } catch (error) {
        const explained = this.explain(asError(error));
        if (signal?.aborted) throw explained;
        if (begun && again !== undefined && isConnectionLoss(explained))
          throw new LikerError('DAEMON_UNREACHABLE', `likerd ended in the middle of it; ${again}`);
        await this.#comeBack(wire, explained, losses);
        if (signal?.aborted) throw explained;
      } finally {
        signal?.removeEventListener('abort', cancel);
        call.cancel();
      }
    }
  }

  /** Resolves when a lost session can be opened again. Throws `error` if it is no loss, or if no daemon comes back in time. */
  comeBack(error: Error, { patienceMs = shortPatienceMs, quiet = false }: SessionLoss = {}): Promise<void> {
    return this.#comeBack(this.#wire, error, { patienceMs, at: 0, count: 0 }, { isSession: true, quiet });
  }

  /** Records that the daemon has answered. */
  answered(): void {
    this.#met = true;
    this.#attempt = 0;
  }

  /** Resolves when the call can be repeated. Throws its error if it is no loss, or if no daemon comes back in time. */
  async #comeBack(
    wire: Wire,
    error: Error,
    losses: Losses,
    { isSession = false, quiet = false }: { readonly isSession?: boolean; readonly quiet?: boolean } = {},
  ): Promise<void> {
    if (isOtherWire(error)) {
      await this.#speakGrpc(wire);
      return;
    }
    const reachedNobody = neverConnected(error);
    if (this.#isClosed) throw error;
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
    if (wire !== this.#wire) return;
    this.#wayBack ??= this.#findBack(giveUpAt, { isSession, quiet }).finally(() => {
      this.#wayBack = null;
    });
    await this.#wayBack;
    if (this.#isClosed) throw error;
  }

  async #findBack(
    giveUpAt: number,
    { isSession, quiet }: { readonly isSession: boolean; readonly quiet: boolean },
  ): Promise<void> {
    // A short call prints a notice only if the wait takes long.
    const isTold = giveUpAt === endlessly && this.#attempt === 0 && !quiet;
    // Loaded here because few runs of likerctl lose their daemon.
    const { lostText, untilListening } = await import('./absence.ts');
    const { tell, isBackground } = this.#options;
    if (isTold) tell(lostText);
    const tellLate = quiet ? () => {} : tell;
    const lost = giveUpAt !== endlessly;
    const wait = { attempt: this.#attempt, giveUpAt, lost, tell: tellLate, isBackground };
    this.#attempt += 1;
    if (!(await untilListening(this.socketPath, wait))) return;
    if (this.#wire.isDoubtful) this.#openWire = await grpcWire();
    this.#reconnect();
    // A session prints its own notice when it is ready.
    if (isTold && !isSession) tell('reconnected');
  }

  /** Changes to the wire that every daemon speaks: this one is of a version that knows no other. */
  async #speakGrpc(wire: Wire): Promise<void> {
    const openWire = await grpcWire();
    if (wire !== this.#wire) return;
    this.#openWire = openWire;
    this.#reconnect();
  }

  #reconnect(): void {
    this.#wire.close();
    this.#wire = this.#openWire(this.socketPath);
  }

  /** Makes sure that the daemon speaks the wire, for a call that cannot be repeated. */
  async agree(): Promise<void> {
    if (!this.#wire.isMutual) await this.unary(system.GetVersion, {});
  }

  bidiStream<Request, Response>(
    method: Method<Request, Response>,
    begun?: BegunCall,
  ): BidiStream<Request, Response> {
    return this.#wire.bidiStream(method, begun);
  }

  explain(error: Error): Error {
    return fromServiceError(error as CallError, this.socketPath, this.#options);
  }

  /** Ends its calls, which are not repeated. */
  close(): void {
    this.#isClosed = true;
    this.#wire.close();
  }
}
