import type { LikerError } from '../../../common/errors.ts';
import type { ShimProcessState, StreamNumber } from '../../kernel/process/shim.ts';
import { Notifier } from '../../loop/sync.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { ClientSession } from './client-session.ts';
import { Flow } from './flow.ts';
import type { OutputFrame, StreamName } from './frames.ts';
import { Grace } from './grace.ts';
import { Replays } from './replay.ts';
import { Stalls } from './stalls.ts';

/** Where a session begins, in bytes of each stream. */
export interface Offsets {
  readonly stdout: number;
  readonly stderr: number;
  readonly stdin: number;
}

export interface ClientsHost {
  /** Tells the shim how far it may read a stream; answers whether it could. */
  limit(stream: StreamNumber, offset: bigint): boolean;
  /** The first frame of a session. */
  ready(session: ClientSession, offsets: Offsets): OutputFrame & { kind: 'ready' };
}

/** The clients of one process: brings each its output, and holds the process back for those that it waits for. */
export class Clients {
  readonly #host: ClientsHost;
  readonly #sessions = new Set<ClientSession>();
  readonly #replays = new Replays();
  readonly #flow: Flow;
  readonly #stalls: Stalls;
  /** For clients that were lost with an earlier daemon. */
  readonly #grace = new Grace(() => this.progressed());
  /** Notified as clients come, take output and leave. */
  readonly #progress = new Notifier();
  #exit: ExitStatus | null = null;
  #hasOutput = false;
  /** The process has ended, and its clients are waited for. */
  #draining = false;

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

  /** A client that the process is started for. */
  initiate(session: ClientSession): void {
    this.#sessions.add(session);
    this.#flow.waitsFromStart();
  }

  /** The process has started. */
  open(): void {
    for (const session of this.#sessions)
      if (!session.ready) session.open(this.#host.ready(session, { stdout: 0, stderr: 0, stdin: 0 }));
    this.progressed();
  }

  /** A client comes to a process that runs. */
  attach(session: ClientSession): void {
    this.#sessions.add(session);
    this.#grace.clientCame();
    this.#progress.notify();
  }

  leave(session: ClientSession): void {
    this.#sessions.delete(session);
    this.progressed();
  }

  /** A client has taken output, or is no longer waited for. */
  progressed(): void {
    this.#progress.notify();
    if (!this.#grace.isOpen) this.#flow.update();
  }

  /**
   * Expects the clients of an earlier daemon. Where that one waited for a client, or `attended` says that there was one, it has
   * `graceMs` to come back; until then no output runs ahead of it.
   */
  expect(
    state: ShimProcessState,
    { graceMs, attended }: { readonly graceMs: number; readonly attended: boolean },
  ): void {
    this.#hasOutput = state.stdout + state.stderr > 0n;
    const wasWaitedFor = this.#flow.adopt(state);
    if (attended || wasWaitedFor) this.#grace.open(graceMs);
  }

  /** A client of an earlier daemon may still come back. */
  get mayComeBack(): boolean {
    return this.#grace.isOpen;
  }

  /** None of the clients that were expected has come back. */
  get stayedAway(): boolean {
    return this.#grace.wasInVain;
  }

  /** A client has come since the process was started or adopted. */
  get everCame(): boolean {
    return this.#grace.hadClient;
  }

  /** Resolves when a client of an earlier daemon has come back, or all have had their time for it. */
  async cameBack(ms: number): Promise<void> {
    await this.#progress.until(() => !this.mayComeBack || this.everCame, ms);
  }

  /** Resolves when the clients of an earlier daemon have come and gone, or have had their time for it. */
  async cameAndLeft(ms: number): Promise<void> {
    await this.cameBack(ms);
    await this.#progress.until(() => this.#sessions.size === 0, ms);
  }

  output(stream: StreamNumber, offset: bigint, bytes: Buffer): void {
    this.#hasOutput = true;
    const name = stream === 2 ? 'stderr' : 'stdout';
    const at = Number(offset);
    for (const session of this.#sessions)
      if (!this.#replays.awaitedBy(session)) session.output(name, at, bytes);
    this.#stalls.watch();
  }

  /** Opens the session with what the shim replays; `ask` asks for it. */
  replay(session: ClientSession, ask: (request: number) => void): void {
    this.#replays.request(session, ask);
  }

  replayData(request: number, stream: StreamNumber, offset: bigint, data: Buffer): void {
    this.#replays.data(request, stream, offset, data);
  }

  /** `stdout`, `stderr`: how far the process has written. */
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
    for (const piece of pieces) session.output(piece.stream, piece.offset, piece.data);
    if (this.#exit) session.exit(this.#exit);
    else this.progressed();
    if (this.#draining) this.#outputEnd(session);
  }

  /** The process has taken a session's stdin as far as `offset`; others may have room now. */
  stdinTaken(id: string, offset: number, isOver: boolean): void {
    this.#replays.stdinStands(id, offset, isOver);
    for (const session of this.#sessions) {
      if (session.id === id && session.ready) session.stdinAck(offset);
      else session.stdinRoom();
    }
  }

  stdinRefused(id: string, offset: number): void {
    for (const session of [...this.#sessions]) if (session.id === id) session.stdinRefused(offset);
  }

  /** Resolves when all clients that are waited for have taken all output, or the time is over. */
  async drained(ms: number): Promise<void> {
    this.#draining = true;
    for (const session of this.#sessions) this.#outputEnd(session);
    const lacksOutput = (session: ClientSession) =>
      this.#replays.awaitedBy(session) || (session.blocking && session.unfinished);
    await this.#progress.until(() => ![...this.#sessions].some(lacksOutput), ms);
  }

  #outputEnd(session: ClientSession): void {
    if (!this.#hasOutput || this.#replays.awaitedBy(session)) return;
    session.outputEnd();
    this.#stalls.watch();
  }

  /** Nothing is replayed any more. */
  shimGone(): void {
    this.#replays.clear();
  }

  /** The process has ended, and all its output was handed over. */
  exit(exit: ExitStatus): void {
    this.#exit = exit;
    for (const session of this.#sessions) if (!this.#replays.awaitedBy(session)) session.exit(exit);
  }

  /** Ends all sessions without an exit frame: a client comes back, unless it is given an error. */
  drop(error?: LikerError): void {
    for (const session of [...this.#sessions]) session.drop(error);
  }
}
