import { randomBytes } from 'node:crypto';
import { LikerError } from '../../../common/errors.ts';
import { drainExtraBytes, ringBytes } from '../../../common/sizes.ts';
import { noBound } from '../../kernel/process/protocol.ts';
import type { Shim, ShimProcessState, Started, StreamNumber } from '../../kernel/process/shim.ts';
import { Notifier } from '../../loop/sync.ts';
import type { ExitStatus, HostProcess } from '../containers/model/phase.ts';
import type { OnDisconnect, ProcessSpec, TerminalSize } from '../containers/model/spec.ts';
import { ClientSession, type SessionHost, type StreamName } from './client-session.ts';
import type { AttachOptions, OutputFrame, SessionSink } from './frames.ts';
import { StdinWindow } from './stdin-window.ts';

/**
 * How far a process may be ahead of the slowest client that it waits for, in bytes of a stream. At the end the shim reads
 * what a pipe can hold, 64 KiB, beyond it: a client that does not read must not keep the end from being seen, and the
 * ring still has all that the client lacks.
 */
export const windowBytes = ringBytes - drainExtraBytes;
/** A client that takes nothing for so long is not waited for: when others are attached, and on a terminal. */
const stalledBesideOthersMs = 1000;
/** When one client of an earlier daemon is back the others have this long: they try every half second. */
const othersBackMs = 1000;
const stalledTerminalMs = 10_000;

const streamNumbers: Readonly<Record<StreamName, StreamNumber>> = { stdout: 1, stderr: 2 };

export interface ProcessIdentity {
  readonly containerId: string;
  readonly containerName: () => string;
  /** "main" or the id of an exec. */
  readonly processId: string;
  /** 0: main. */
  readonly number: number;
  readonly spec: ProcessSpec;
  readonly onDisconnect: OnDisconnect;
}

export interface ProcessEvents {
  /** The client that the process was started for has vanished. */
  clientLost(process: ContainerProcess): void;
  attached(process: ContainerProcess): void;
  detached(process: ContainerProcess, session: { readonly initiator: boolean }): void;
}

interface Snapshot {
  readonly session: ClientSession;
  readonly pieces: { stream: StreamName; offset: number; data: Buffer }[];
  stdinOffset: number;
  /** The process takes no more stdin. */
  stdinOver: boolean;
}

/** Replays that a shim prepares at the same time: each takes as much memory as both rings hold. */
const maxReplays = 4;

/** A process of a container while its shim knows it: its clients, its flow control, its stdin. */
export class ContainerProcess implements SessionHost {
  readonly identity: ProcessIdentity;
  readonly #events: ProcessEvents;
  #shim: Shim | null;
  #host: HostProcess | null = null;
  #startedAt: number | null = null;
  #exit: ExitStatus | null = null;
  readonly #sessions = new Set<ClientSession>();
  readonly #snapshots = new Map<number, Snapshot>();
  #nextSnapshot = 1;
  /** Replays to ask for when the earlier ones have come. */
  #replaysToAsk: (() => void)[] = [];
  #replaysAsked = 0;
  readonly #produced: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  readonly #limits: Record<StreamName, bigint> = { stdout: noBound, stderr: noBound };
  readonly #stdin = new StdinWindow();
  #stallTimer: NodeJS.Timeout | null = null;
  /** Notified as clients take output. */
  readonly #progress = new Notifier();
  /** While set, a client that was lost with an earlier daemon may come back and nothing may run ahead of it. */
  #graceUntil = 0;
  #everAttached = false;
  /** It has ended, and its clients are waited for. */
  #draining = false;
  /** Of an exec that has ended: resolves when its clients are told. */
  ending: Promise<void> | null = null;
  onDisconnect: OnDisconnect;
  /** For an exec: processes that it leaves running are killed when it ends. Otherwise they live on with the container. */
  takesAllAlong = false;

  constructor(identity: ProcessIdentity, shim: Shim | null, events: ProcessEvents) {
    this.identity = identity;
    this.onDisconnect = identity.onDisconnect;
    this.#shim = shim;
    this.#events = events;
  }

  get host(): HostProcess | null {
    return this.#exit ? null : this.#host;
  }

  /** Also once it has ended; 0: it was not started. */
  get pid(): number {
    return this.#host?.pid ?? 0;
  }

  get startedAt(): number | null {
    return this.#startedAt;
  }

  get exit(): ExitStatus | null {
    return this.#exit;
  }

  /** A client has come since the process was started or adopted. */
  get everAttached(): boolean {
    return this.#everAttached;
  }

  get attachedClients(): number {
    return this.#sessions.size;
  }

  /** Its shim knows it still: there is output to replay. */
  get attachable(): boolean {
    return this.#shim !== null;
  }

  set shim(shim: Shim | null) {
    this.#shim = shim;
    // What it has not replayed by now it does not replay any more.
    if (shim) return;
    this.#snapshots.clear();
    this.#replaysToAsk = [];
    this.#replaysAsked = 0;
  }

  /** A session for the client that the process is started for; opens when the process has started. */
  initiate(sink: SessionSink): ClientSession {
    const session = new ClientSession(this, sink, {
      id: newSessionId('initiator'),
      initiator: true,
      readOnly: false,
    });
    this.#sessions.add(session);
    this.#limits.stdout = BigInt(windowBytes);
    this.#limits.stderr = BigInt(windowBytes);
    return session;
  }

  started(started: Started): void {
    this.#host = { pid: started.pid, startTime: started.startTime };
    this.#startedAt = Number(started.startedAtNs / 1_000_000n);
    for (const session of this.#sessions)
      if (!session.ready) session.open(this.#readyFrame(session, 0, 0, 0));
    this.updateLimits();
  }

  /**
   * Takes over what a shim says about a process that an earlier daemon started. Where a client was waited for, or
   * `attended` says that there was one, it has `graceMs` to come back, and the others a second after the first; as long
   * nothing runs ahead of them.
   */
  adopt(state: ShimProcessState, { graceMs, attended }: { graceMs: number; attended: boolean }): void {
    this.#host = { pid: state.pid, startTime: state.startTime };
    this.#startedAt = Number(state.startedAtNs / 1_000_000n);
    this.#produced.stdout = Number(state.stdout);
    this.#produced.stderr = Number(state.stderr);
    this.#limits.stdout = state.stdoutLimit;
    this.#limits.stderr = state.stderrLimit;
    if (!attended && state.stdoutLimit === noBound && state.stderrLimit === noBound) return;
    this.#endGraceIn(graceMs);
  }

  #endGraceIn(ms: number): void {
    this.#graceUntil = performance.now() + ms;
    setTimeout(() => this.updateLimits(), ms + 1).unref();
  }

  /** A client of an earlier daemon may still come back. */
  get awaitsClient(): boolean {
    return performance.now() < this.#graceUntil;
  }

  /** None of the clients that were waited for has come back. */
  get clientStayedAway(): boolean {
    return this.#graceUntil > 0 && !this.#everAttached;
  }

  /** Resolves when a client of an earlier daemon has come back, or all have had their time for it. */
  async clientCameBack(graceMs: number): Promise<void> {
    await this.#progress.until(() => !this.awaitsClient || this.#everAttached, graceMs);
  }

  /** Resolves when the clients of an earlier daemon have come and gone, or have had their time for it. */
  async clientsCameBack(graceMs: number): Promise<void> {
    await this.clientCameBack(graceMs);
    await this.#progress.until(() => this.#sessions.size === 0, graceMs);
  }

  /** Attaches a client: replays what the ring holds, then follows. */
  attach(sink: SessionSink, options: Omit<AttachOptions, 'start'>): ClientSession {
    const shim = this.#shim;
    if (!shim) {
      throw new LikerError(
        'SHIM_LOST',
        `Cannot attach to container '${this.identity.containerName()}': its shim was lost, and its terminal with it`,
      );
    }
    const resume = options.resume;
    const session = new ClientSession(this, sink, {
      id: resume ? checkSessionId(resume.sessionId) : newSessionId('onlooker'),
      initiator: resume !== null && !isOnlooker(resume.sessionId),
      readOnly: options.readOnly,
      resumed: resume !== null,
    });
    this.#sessions.add(session);
    this.#everAttached = true;
    if (this.#graceUntil - performance.now() > othersBackMs) this.#endGraceIn(othersBackMs);
    this.#progress.notify();
    if (options.terminalSize) this.resize(options.terminalSize);
    const request = this.#nextSnapshot++;
    this.#snapshots.set(request, { session, pieces: [], stdinOffset: 0, stdinOver: false });
    const since = (offset: number | undefined) => (options.replay || resume ? BigInt(offset ?? 0) : noBound);
    this.#replaysToAsk.push(() => {
      if (resume) shim.askStdinOffset(this.identity.number, sessionNumber(session.id));
      shim.snapshot(this.identity.number, request, since(resume?.stdoutOffset), since(resume?.stderrOffset));
    });
    this.#askForReplays();
    this.#events.attached(this);
    return session;
  }

  #askForReplays(): void {
    while (this.#replaysAsked < maxReplays) {
      const ask = this.#replaysToAsk.shift();
      if (!ask) return;
      this.#replaysAsked += 1;
      ask();
    }
  }

  data(stream: StreamNumber, offset: bigint, bytes: Buffer): void {
    const name = stream === 2 ? 'stderr' : 'stdout';
    const at = Number(offset);
    this.#produced[name] = at + bytes.length;
    for (const session of this.#sessions) if (!this.#replaying(session)) session.output(name, at, bytes);
    this.#watchStalls();
  }

  snapshotData(request: number, stream: StreamNumber, offset: bigint, data: Buffer): void {
    this.#snapshots
      .get(request)
      ?.pieces.push({ stream: stream === 2 ? 'stderr' : 'stdout', offset: Number(offset), data });
  }

  snapshotEnd(request: number, stdout: bigint, stderr: bigint): void {
    const snapshot = this.#snapshots.get(request);
    if (!snapshot) return;
    this.#snapshots.delete(request);
    this.#replaysAsked -= 1;
    this.#askForReplays();
    const { session, pieces, stdinOffset, stdinOver } = snapshot;
    if (!this.#sessions.has(session)) return;
    if (stdinOver) session.stdinOver();
    const first = (stream: StreamName, end: bigint) =>
      pieces.find((piece) => piece.stream === stream)?.offset ?? Number(end);
    session.open(this.#readyFrame(session, first('stdout', stdout), first('stderr', stderr), stdinOffset));
    for (const piece of pieces) session.output(piece.stream, piece.offset, piece.data);
    if (this.#exit) session.exit(this.#exit);
    else this.updateLimits();
    if (this.#draining) this.#outputEnd(session);
  }

  #outputEnd(session: ClientSession): void {
    const { stdout, stderr } = this.#produced;
    if (stdout + stderr === 0 || this.#replaying(session)) return;
    session.outputEnd();
    this.#watchStalls();
  }

  stdinAck(session: bigint, offset: bigint): void {
    const id = session.toString(16).padStart(16, '0');
    const taken = this.#stdin.taken(id, offset === noBound ? null : Number(offset));
    this.#forgetStdin();
    for (const snapshot of this.#snapshots.values()) {
      if (snapshot.session.id !== id) continue;
      snapshot.stdinOffset = taken;
      snapshot.stdinOver = offset === noBound;
    }
    for (const client of this.#sessions) {
      if (client.id === id && client.ready) client.stdinAck(taken);
      else client.stdinRoom();
    }
  }

  /** The shim did not take a client's stdin. likerd could not see that before: the client is of an earlier daemon. */
  stdinRefused(session: bigint, offset: bigint): void {
    const id = session.toString(16).padStart(16, '0');
    this.#stdin.taken(id, null);
    for (const client of [...this.#sessions]) if (client.id === id) client.stdinRefused(Number(offset));
  }

  /** Clients may send stdin. */
  get takesStdin(): boolean {
    return this.identity.spec.openStdin;
  }

  /** The shim can tell a client of an earlier daemon, whose stdin it does not remember, from one that leaves a gap. */
  get seesGaps(): boolean {
    return this.#shim?.refusesStdin ?? false;
  }

  /** Hands bytes to the process; false when it must take what it has first. */
  stdin(session: ClientSession, offset: number, data: Buffer): boolean {
    if (this.#exit || !this.#shim) return true;
    if (!this.#stdin.take(session.id, offset, data.length)) return false;
    this.#shim.stdin(this.identity.number, sessionNumber(session.id), offset, data);
    return true;
  }

  closeStdin(session: ClientSession): void {
    if (this.takesStdin) this.#shim?.closeStdin(this.identity.number, sessionNumber(session.id));
  }

  resize(size: TerminalSize): void {
    if (this.identity.spec.tty) this.#shim?.resize(this.identity.number, size);
  }

  signal(signal: number, scope: 'process' | 'foreground'): void {
    this.#shim?.signal(this.identity.number, signal, scope);
  }

  /** A client has been promised a replay that has not come yet. */
  get owesReplay(): boolean {
    return [...this.#sessions].some((session) => this.#replaying(session));
  }

  /** Resolves when all clients that read have taken all output, those of an earlier daemon too, or the time is over. */
  async drained(ms: number): Promise<void> {
    this.#draining = true;
    for (const session of this.#sessions) this.#outputEnd(session);
    const behind = () =>
      this.owesReplay || [...this.#sessions].some((session) => session.blocking && session.unfinished);
    await this.#progress.until(() => !behind(), ms);
  }

  /** The process has ended and all its output was handed over. */
  ended(exit: ExitStatus): void {
    this.#exit = exit;
    for (const session of this.#sessions) if (!this.#replaying(session)) session.exit(exit);
  }

  /** Ends all sessions without an exit frame: a client comes back, unless it is given an error. */
  dropSessions(error?: LikerError): void {
    for (const session of [...this.#sessions]) session.drop(error);
  }

  clientLost(): void {
    if (!this.#exit) this.#events.clientLost(this);
  }

  clientDetached(session: ClientSession): void {
    // Who detaches means the process to go on.
    if (session.initiator) this.onDisconnect = 'keep';
    this.#events.detached(this, session);
  }

  leave(session: ClientSession): void {
    this.#sessions.delete(session);
    this.#forgetStdin();
    this.updateLimits();
  }

  #forgetStdin(): void {
    this.#stdin.keep(new Set([...this.#sessions].map(({ id }) => id)));
  }

  /** Tells the shim how far it may read: as far ahead of the slowest client that is waited for as the ring holds. */
  updateLimits(): void {
    this.#progress.notify();
    if (!this.#shim || this.#exit || performance.now() < this.#graceUntil) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      let limit = noBound;
      for (const session of this.#sessions) {
        if (!session.blocking || this.#replaying(session)) continue;
        const bound = BigInt(session.taken[stream] + windowBytes);
        if (bound < limit) limit = bound;
      }
      const now = this.#limits[stream];
      if (limit === now || (limit !== noBound && now !== noBound && limit - now < windowBytes / 4)) continue;
      this.#limits[stream] = limit;
      this.#shim.limit(this.identity.number, streamNumbers[stream], limit);
    }
  }

  #replaying(session: ClientSession): boolean {
    for (const snapshot of this.#snapshots.values()) if (snapshot.session === session) return true;
    return false;
  }

  #readyFrame(
    session: ClientSession,
    stdout: number,
    stderr: number,
    stdin: number,
  ): OutputFrame & { kind: 'ready' } {
    return {
      kind: 'ready',
      containerId: this.identity.containerId,
      containerName: this.identity.containerName(),
      processId: this.identity.processId,
      sessionId: session.id,
      tty: this.identity.spec.tty,
      pid: this.pid,
      stdoutOffset: stdout,
      stderrOffset: stderr,
      stdinOffset: stdin,
      openStdin: this.takesStdin,
    };
  }

  /** Looks after clients that have stopped reading, as long as there are any. */
  #watchStalls(): void {
    if (this.#stallTimer) return;
    if (![...this.#sessions].some((session) => session.blocking && session.behind)) return;
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = null;
      const bound =
        this.#sessions.size > 1
          ? stalledBesideOthersMs
          : this.identity.spec.tty
            ? stalledTerminalMs
            : Infinity;
      for (const session of this.#sessions) {
        if (session.blocking && session.behind && performance.now() - session.lastProgress >= bound)
          session.stopWaiting();
      }
      this.updateLimits();
      this.#watchStalls();
    }, stalledBesideOthersMs / 4);
    this.#stallTimer.unref();
  }
}

/** The id tells the next daemon, too, whether the client that comes back is the one that the process was started for. */
export function newSessionId(client: 'initiator' | 'onlooker'): string {
  const id = randomBytes(8);
  id.writeUInt8((id.readUInt8(0) & 0x7f) | (client === 'onlooker' ? 0x80 : 0), 0);
  return id.toString('hex');
}

function isOnlooker(sessionId: string): boolean {
  return /^[89a-f]/.test(sessionId);
}

function checkSessionId(id: string): string {
  if (!/^[0-9a-f]{16}$/.test(id)) {
    throw new LikerError(
      'BAD_ARGUMENT',
      `Cannot resume session '${id}': a session id has sixteen hexadecimal digits`,
      {
        field: 'start.resume.session_id',
      },
    );
  }
  return id;
}

function sessionNumber(id: string): bigint {
  return BigInt(`0x${id}`);
}
