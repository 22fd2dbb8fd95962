import { LikerError } from '../../../common/errors.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { TerminalSize } from '../process/spec.ts';
import type { Channel } from './channel.ts';
import type { InputFrame, OutputFrame, Session, SessionSink, Totals } from './frames.ts';
import { OutputQueue } from './output-queue.ts';
import { SessionStdin, type StdinTarget, wrongOffset } from './session-stdin.ts';

/** The process that a session belongs to, as the session needs it. */
export interface SessionHost extends StdinTarget {
  readonly identity: { readonly containerName: () => string; readonly processId: string };
  /** Clients may send stdin (open_stdin). */
  readonly takesStdin: boolean;
  resize(size: TerminalSize): void;
  signal(signal: number, scope: 'process' | 'foreground'): void;
  /** The client has taken output, or has confirmed that it has everything. */
  progressed(): void;
  clientDetached(session: ClientSession): void;
  /** The client that the process was started for has vanished. */
  clientLost(): void;
  /** The session is over. */
  leave(session: ClientSession): void;
  /** Connects its client to the shim, if that is possible: offers it a socket by `tell`. */
  connect(session: ClientSession, tell: (path: string) => void): void;
  /** Its client need not be connected to the shim any more. */
  disconnect(session: ClientSession): void;
}

/** A session that has carried so much, or lives so long, gets a connection to the shim. A short one ends sooner without. */
const channelAfter = { bytes: 64 * 1024, ms: 500 };

export interface SessionOptions {
  /** Sixteen hexadecimal digits. */
  readonly id: string;
  /** Its client is the one that the process was started for; on_disconnect applies to it. */
  readonly initiator: boolean;
  readonly readOnly: boolean;
  /** It resumes an earlier session. */
  readonly resumed?: boolean;
  /** How its client may be connected to the shim itself. */
  readonly channel?: Channel | null;
}

/** The way of a client's bytes. */
type Way = 'likerd' | 'shim';

/** One client of one process. A process waits for a slow client, but not for a read-only one or one that has stopped reading. */
export class ClientSession implements Session {
  readonly id: string;
  readonly initiator: boolean;
  readonly #readOnly: boolean;
  readonly #host: SessionHost;
  readonly #sink: SessionSink;
  readonly queue: OutputQueue;
  readonly #stdin: SessionStdin;
  readonly channel: Channel | null;
  #way: Way = 'likerd';
  /** Bytes that have passed here, either way. */
  #carried = 0;
  #channelTimer: NodeJS.Timeout | undefined;
  #isOffered = false;
  readonly resumed: boolean;
  /** Whether the client has received all output. It is asked once the process has ended. */
  #arrival: 'not asked' | 'asked' | 'confirmed' = 'not asked';
  #waitedFor: boolean;

  constructor(host: SessionHost, sink: SessionSink, options: SessionOptions) {
    this.id = options.id;
    this.initiator = options.initiator;
    this.#readOnly = options.readOnly;
    this.resumed = options.resumed ?? false;
    this.channel = options.channel ?? null;
    this.#waitedFor = !options.readOnly;
    this.#host = host;
    this.#sink = sink;
    const events = { taken: (bytes: number) => this.#taken(bytes), ended: () => this.drop() };
    this.queue = new OutputQueue(sink, events, { bounded: options.readOnly });
    this.#stdin = new SessionStdin(options.id, host, { resumes: this.resumed });
  }

  get readOnly(): boolean {
    return this.#readOnly;
  }

  get way(): Way {
    return this.#way;
  }

  /** The process waits for this client. */
  get blocking(): boolean {
    return this.#waitedFor && !this.queue.isClosed;
  }

  /** Output waits for this client to take it. */
  get behind(): boolean {
    return this.queue.isBehind || this.#awaitsArrival;
  }

  /** Some output has not been taken yet, or may not have arrived. */
  get unfinished(): boolean {
    return this.queue.isUnfinished || this.#awaitsArrival;
  }

  get #awaitsArrival(): boolean {
    return this.#arrival === 'asked' && !this.queue.isClosed;
  }

  /** Opens the session: sends the ready frame, then the output gathered so far, then live output. */
  open(ready: OutputFrame & { kind: 'ready' }): void {
    this.#stdin.open(ready.stdinOffset);
    this.queue.open(ready);
    this.#flushStdin();
    if (this.channel) this.#channelTimer = setTimeout(() => this.#offerChannel(), channelAfter.ms).unref();
  }

  #taken(bytes: number): void {
    this.#carry(bytes);
    this.#host.progressed();
  }

  #carry(bytes: number): void {
    this.#carried += bytes;
    if (this.#carried >= channelAfter.bytes && this.queue.isOpen) this.#offerChannel();
  }

  #offerChannel(): void {
    clearTimeout(this.#channelTimer);
    if (!this.channel || this.#isOffered) return;
    this.#isOffered = true;
    this.#host.connect(
      this,
      (path) => this.queue.isClosed || this.#sink.send({ kind: 'channel', path }, () => {}),
    );
  }

  /** Its client is connected to the shim, which sends it what waits here. */
  connected(): void {
    this.#way = 'shim';
    this.queue.letOutputGo();
    this.#flushStdin();
  }

  /** All output has been queued. Asks the client to confirm it, since bytes that the transport has taken may still get lost. */
  outputEnd(all: Totals): void {
    if (!this.#sink.confirms || !this.blocking || !this.queue.isOpen || this.#arrival !== 'not asked') return;
    this.#arrival = 'asked';
    this.queue.lastProgress = performance.now();
    this.queue.push({ kind: 'output-end', all });
  }

  stdinAck(offset: number): void {
    this.queue.push({ kind: 'stdin-ack', offset });
    this.#flushStdin();
  }

  /** The process had closed its stdin before the session was opened. */
  stdinOver(): void {
    this.#stdin.processTakesNoMore();
  }

  stdinRefused(offset: number): void {
    this.#fail(wrongOffset(offset, 'what came began behind that, or found no room'));
  }

  /** The process may have room for more stdin. */
  stdinRoom(): void {
    if (this.#stdin.waits) this.#flushStdin();
  }

  warn(reason: string, message: string): void {
    this.queue.push({ kind: 'warning', reason, message });
  }

  /** Sends the last frame. */
  exit(exit: ExitStatus): void {
    this.queue.end({ kind: 'exit', exit });
  }

  /** The process no longer waits for this client: output beyond a bound is dropped and counted. */
  stopWaiting(): void {
    this.#waitedFor = false;
    this.queue.bound();
  }

  input(frame: InputFrame, resumed: () => void): boolean {
    if (this.queue.isClosed) return true;
    switch (frame.kind) {
      case 'detach':
        this.#detach();
        return true;
      case 'output-taken':
        this.#arrival = 'confirmed';
        this.#host.progressed();
        return true;
      case 'channel-refused':
        this.channel?.giveUp();
        return true;
      default:
        this.#passOn(frame);
    }
    if (!this.#stdin.waits) return true;
    this.#stdin.whenTaken(resumed);
    return false;
  }

  #passOn(frame: Exclude<InputFrame, { kind: 'detach' | 'output-taken' | 'channel-refused' }>): void {
    if (this.#readOnly) {
      throw new LikerError(
        'BAD_ARGUMENT',
        `Cannot send ${frame.kind} in a read-only session: attach without read-only`,
      );
    }
    switch (frame.kind) {
      case 'stdin':
        if (!this.#host.takesStdin) throw this.#noStdin();
        this.#stdin.push(frame.offset, frame.data);
        this.#flushStdin();
        this.#carry(frame.data.length);
        break;
      case 'close-stdin':
        this.#stdin.close();
        this.#flushStdin();
        break;
      case 'resize':
        // A client says its size again over the other way, which may be faster.
        if (this.#way === 'likerd') this.#host.resize(frame.size);
        break;
      case 'signal':
        this.#host.signal(frame.signal, 'foreground');
        break;
    }
  }

  lost(): void {
    if (this.queue.isClosed) return;
    this.#host.disconnect(this);
    this.#leave();
    if (this.initiator) this.#host.clientLost();
  }

  /** Ends the session without a last frame. `error`: the status of its call. */
  drop(error?: LikerError): void {
    if (this.queue.isClosed) return;
    this.#leave();
    this.#sink.end(error);
  }

  #leave(): void {
    clearTimeout(this.#channelTimer);
    this.channel?.[Symbol.dispose]();
    this.queue.close();
    this.#stdin.drop();
    this.#host.leave(this);
  }

  /** Ends this session with an error, as if its client had vanished. */
  #fail(error: LikerError): void {
    if (this.queue.isClosed) return;
    this.#host.disconnect(this);
    this.drop(error);
    if (this.initiator) this.#host.clientLost();
  }

  #detach(): void {
    // Input typed before the detach still belongs to the process.
    this.#flushStdin();
    this.#host.disconnect(this);
    this.#host.clientDetached(this);
    this.queue.clear();
    this.queue.end({ kind: 'detached' });
  }

  #flushStdin(): void {
    const error = this.#stdin.flush();
    if (error) this.#fail(error);
  }

  #noStdin(): LikerError {
    const { containerName, processId } = this.#host.identity;
    return new LikerError(
      'NO_STDIN',
      `Cannot send stdin to process '${processId}' of container '${containerName()}': it was created without open_stdin (-i)`,
      { field: 'input.stdin', metadata: { container: containerName(), process: processId } },
    );
  }
}
