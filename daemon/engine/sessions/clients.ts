import type { LikerError } from '../../../common/errors.ts';
import type { StreamNumber } from '../../../common/shim/protocol.ts';
import type { ShimProcessState } from '../../kernel/process/reports.ts';
import { Notifier } from '../../loop/sync.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { ClientSession } from './client-session.ts';
import { Flow } from './flow.ts';
import type { OutputFrame, StreamName, Totals } from './frames.ts';
import { Grace } from './grace.ts';
import { Replays } from './replay.ts';
import { Stalls } from './stalls.ts';

/** Offsets at which a session begins, in bytes of each stream. */
export interface Offsets {
  readonly stdout: number;
  readonly stderr: number;
  readonly stdin: number;
}

const fromTheStart: Offsets = { stdout: 0, stderr: 0, stdin: 0 };

interface ClientsHost {
  /** Tells the shim how far it may read a stream. Returns whether there is a shim to tell. */
  limit(stream: StreamNumber, offset: bigint): boolean;
  /** Makes the first frame of a session. */
  ready(session: ClientSession, offsets: Offsets): OutputFrame & { kind: 'ready' };
  /** Tells the shim whether output is to come here, and whether there are clients here that are beside its own. */
  hear(wanted: Heard): void;
  /** Somebody follows the log, and is told of output. */
  isFollowed(): boolean;
}

interface Heard {
  readonly output: boolean;
  readonly clients: boolean;
}

const atFirst: Heard = { output: true, clients: false };

/** The clients of one process. Delivers output to each, and makes the process wait for slow ones. */
export class Clients {
  readonly #host: ClientsHost;
  readonly #sessions = new Set<ClientSession>();
  readonly #replays = new Replays();
  readonly #flow: Flow;
  readonly #stalls: Stalls;
  /** For the clients of an earlier daemon. */
  readonly grace = new Grace(() => this.progressed());
  /** Notified when a client attaches, takes output or leaves. */
  readonly #progress = new Notifier();
  #exit: ExitStatus | null = null;
  #hasOutput = false;
  #heard = atFirst;
  /** The process has ended, and its clients are taking the rest of so much output. */
  #draining: Totals | null = null;

  constructor(isTerminal: boolean, host: ClientsHost) {
    this.#host = host;
    this.#flow = new Flow(this.#sessions, this.#replays, host.limit);
    this.#stalls = new Stalls(this.#sessions, isTerminal, () => this.progressed());
  }

  get count(): number {
    return this.#sessions.size;
  }

  ids(): ReadonlySet<string> {
    return new Set([...this.#sessions].map(({ id }) => id));
  }

  /** Adds the client that the process is started for. */
  initiate(session: ClientSession): void {
    this.#sessions.add(session);
    this.#flow.waitsFromStart();
  }

  /** Call it when the process has started: opens the sessions that wait for that. */
  open(): void {
    for (const session of this.#sessions) {
      if (session.queue.isOpen || this.#replays.awaitedBy(session)) continue;
      session.open(this.#host.ready(session, fromTheStart));
      this.#opened(session);
    }
    this.progressed();
  }

  /** A client is connected to the shim. */
  connected(): void {
    this.hear();
    this.progressed();
  }

  /** Asks the shim for the output that clients here need, and for no more. */
  hear(): void {
    const ways = new Set([...this.#sessions].map(({ way }) => way));
    const clients = ways.has('likerd');
    const wanted = ways.has('shim') ? { output: clients || this.#host.isFollowed(), clients } : atFirst;
    if (wanted.output === this.#heard.output && wanted.clients === this.#heard.clients) return;
    this.#heard = wanted;
    this.#host.hear(wanted);
  }

  /** Adds a client of a process that runs already. Its session opens with a replay. */
  attach(session: ClientSession): void {
    this.#sessions.add(session);
    this.hear();
    this.grace.clientCame();
    this.#progress.notify();
  }

  leave(session: ClientSession): void {
    this.#sessions.delete(session);
    this.hear();
    this.progressed();
  }

  /** Call it when a client has taken output, or when the process need no longer wait for one. */
  progressed(): void {
    this.#progress.notify();
    if (!this.grace.isOpen) this.#flow.update();
  }

  /**
   * Expects the clients of an earlier daemon to reconnect. If that daemon waited for a client, or if `attended` says that there was
   * one, no output runs ahead for `graceMs`.
   */
  expect(
    state: ShimProcessState,
    { graceMs, attended }: { readonly graceMs: number; readonly attended: boolean },
  ): void {
    this.#hasOutput = state.stdout + state.stderr > 0n;
    const wasWaitedFor = this.#flow.adopt(state);
    if (attended || wasWaitedFor) this.grace.open(graceMs);
  }

  /** Resolves when a client of an earlier daemon has reconnected, or when the time for that is over. */
  async reconnected(ms: number): Promise<void> {
    await this.#progress.until(() => !this.grace.isOpen || this.grace.hadClient, ms);
  }

  /** Resolves when the clients of an earlier daemon have reconnected and left, or when the time for that is over. */
  async reconnectedAndLeft(ms: number): Promise<void> {
    await this.reconnected(ms);
    await this.#progress.until(() => this.#sessions.size === 0, ms);
  }

  output(stream: StreamNumber, offset: bigint, bytes: Buffer): void {
    this.#hasOutput = true;
    const name = stream === 2 ? 'stderr' : 'stdout';
    const at = Number(offset);
    for (const session of this.#sessions)
      if (session.way === 'likerd' && !this.#replays.awaitedBy(session))
        session.queue.output(name, at, bytes);
    this.#stalls.watch();
  }

  /** Asks the shim by `ask` for a replay, with which the session opens. */
  replay(session: ClientSession, ask: (request: number) => void): void {
    this.#replays.request(session, ask);
  }

  replayData(request: number, stream: StreamNumber, offset: bigint, data: Buffer): void {
    this.#replays.data(request, stream, offset, data);
  }

  /** The replay is complete. `stdout`, `stderr`: how far the process has written. */
  replayEnd(request: number, stdout: bigint, stderr: bigint): void {
    const replay = this.#replays.end(request);
    if (!replay || !this.#sessions.has(replay.session)) return;
    const { session, pieces } = replay;
    const first = (stream: StreamName, end: bigint) =>
      pieces.find((piece) => piece.stream === stream)?.offset ?? Number(end);
    if (replay.isStdinOver) session.stdinOver();
    session.open(
      this.#host.ready(session, {
        stdout: first('stdout', stdout),
        stderr: first('stderr', stderr),
        stdin: replay.stdinOffset,
      }),
    );
    for (const piece of pieces) session.queue.output(piece.stream, piece.offset, piece.data);
    this.#opened(session);
  }

  #opened(session: ClientSession): void {
    if (this.#exit) session.exit(this.#exit);
    else this.progressed();
    if (this.#draining) this.#outputEnd(session, this.#draining);
  }

  /** The process has taken a session's stdin up to `offset`. Other sessions may have room now. */
  stdinTaken(id: string, offset: number, isOver: boolean): void {
    this.#replays.stdinStands(id, offset, isOver);
    for (const session of this.#sessions) {
      if (session.id === id && session.queue.isOpen) session.stdinAck(offset);
      else session.stdinRoom();
    }
  }

  stdinRefused(id: string, offset: number): void {
    for (const session of [...this.#sessions]) if (session.id === id) session.stdinRefused(offset);
  }

  /** Resolves when every client that the process waits for has taken all output, or after `ms`. */
  async drained(ms: number, { stdoutBytes = 0, stderrBytes = 0 }: Partial<ExitStatus>): Promise<void> {
    const all = { stdout: stdoutBytes, stderr: stderrBytes };
    this.#draining = all;
    this.#hasOutput ||= stdoutBytes + stderrBytes > 0;
    for (const session of this.#sessions) this.#outputEnd(session, all);
    const lacksOutput = (session: ClientSession) =>
      this.#replays.awaitedBy(session) || (session.blocking && session.unfinished);
    await this.#progress.until(() => ![...this.#sessions].some(lacksOutput), ms);
  }

  #outputEnd(session: ClientSession, all: Totals): void {
    if (!this.#hasOutput || this.#replays.awaitedBy(session)) return;
    session.outputEnd(all);
    this.#stalls.watch();
  }

  /** The shim is gone, and with it every replay that has not come yet. */
  shimGone(): void {
    this.#replays.clear();
  }

  /** The process has ended, and all its output has been delivered. */
  exit(exit: ExitStatus): void {
    this.#exit = exit;
    for (const session of this.#sessions) if (!this.#replays.awaitedBy(session)) session.exit(exit);
  }

  /** Ends all sessions without an exit frame. Clients reconnect unless they get an error. */
  drop(error?: LikerError): void {
    for (const session of [...this.#sessions]) session.drop(error);
  }
}
