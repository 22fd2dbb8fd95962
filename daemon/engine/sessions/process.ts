import type { Socket } from 'node:net';
import { LikerError } from '../../../common/errors.ts';
import { noBound } from '../../../common/shim/protocol.ts';
import type { HostProcess } from '../../kernel/process/host-process.ts';
import type { ShimProcessState, Started } from '../../kernel/process/reports.ts';
import type { Shim } from '../../kernel/process/shim.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { OnDisconnect, ProcessSpec, TerminalSize } from '../process/spec.ts';
import { Channel, type OfferSocket } from './channel.ts';
import { ClientSession, type SessionHost } from './client-session.ts';
import { Clients, type Offsets } from './clients.ts';
import type { AttachOptions, OutputFrame, SessionSink } from './frames.ts';
import { checkSessionId, isOnlooker, newSessionId, sessionIdOf, sessionNumber } from './session-id.ts';
import { StdinWindow } from './stdin-window.ts';

export interface ProcessIdentity {
  readonly containerId: string;
  readonly containerName: () => string;
  /** "main" or the id of an exec. */
  readonly processId: string;
  /** Number of the process in its shim; 0: main. */
  readonly number: number;
  readonly spec: ProcessSpec;
  readonly onDisconnect: OnDisconnect;
}

interface ProcessEvents {
  /** The client that the process was started for has vanished. */
  clientLost(process: ContainerProcess): void;
  attached(process: ContainerProcess): void;
  detached(process: ContainerProcess, session: { readonly initiator: boolean }): void;
  /** Somebody follows its log, and is told of output. */
  isFollowed?(process: ContainerProcess): boolean;
  readonly offerSocket?: OfferSocket;
}

/** Bits of enum client_may in native/include/protocol.h. */
const mayControl = 1;
const maySendStdin = 2;

/** All that the ring holds: the client drops what it has, and nobody knows better what that is. */
const everything = { stdout: 0n, stderr: 0n };

/** A process of a container as long as its shim knows it. Passes input and signals to it; `clients` get its output. */
export class ContainerProcess implements SessionHost {
  readonly identity: ProcessIdentity;
  readonly clients: Clients;
  readonly #events: ProcessEvents;
  #shim: Shim | null;
  #host: HostProcess | null = null;
  #startedAt: number | null = null;
  #exit: ExitStatus | null = null;
  readonly #stdin = new StdinWindow();
  /** Clients that the shim is asked to connect, by session. */
  readonly #opening = new Map<string, (isOpen: boolean) => void>();
  /** For an exec that has ended: resolves when its clients have been told. */
  ending: Promise<void> | null = null;
  onDisconnect: OnDisconnect;
  /** For an exec: kill the processes that it leaves running when it ends. Otherwise they live on in the container. */
  killsLeftovers = false;
  /** For an exec: it is being killed because memory ran out. */
  oomHit = false;

  constructor(identity: ProcessIdentity, shim: Shim | null, events: ProcessEvents) {
    this.identity = identity;
    this.onDisconnect = identity.onDisconnect;
    this.#shim = shim;
    this.#events = events;
    this.clients = new Clients(identity.spec.tty, {
      limit: (stream, offset) => {
        if (!this.#shim || this.#exit) return false;
        this.#shim.limit(identity.number, stream, offset);
        return true;
      },
      ready: (session, offsets) => this.#readyFrame(session, offsets),
      hear: (wanted) => this.#shim?.hear(identity.number, wanted),
      isFollowed: () => events.isFollowed?.(this) ?? false,
    });
  }

  get host(): HostProcess | null {
    return this.#exit ? null : this.#host;
  }

  /** Kept after its end; 0: it was not started. */
  get pid(): number {
    return this.#host?.pid ?? 0;
  }

  get startedAt(): number | null {
    return this.#startedAt;
  }

  get exit(): ExitStatus | null {
    return this.#exit;
  }

  /** Its shim still knows it, so there is output to replay. */
  get attachable(): boolean {
    return this.#shim !== null;
  }

  set shim(shim: Shim | null) {
    this.#shim = shim;
    if (shim) return;
    for (const settle of this.#opening.values()) settle(false);
    this.clients.shimGone();
  }

  /** Makes a session for the client that the process is started for. It opens when the process has started. */
  initiate(sink: SessionSink): ClientSession {
    const id = newSessionId('initiator');
    const channel = this.#channelFor(sink);
    const session = new ClientSession(this, sink, { id, initiator: true, readOnly: false, channel });
    this.clients.initiate(session);
    return session;
  }

  #channelFor(sink: SessionSink): Channel | null {
    const { offerSocket } = this.#events;
    if (!offerSocket || typeof sink.directFor !== 'number' || this.#shim?.takesClients === false) return null;
    return new Channel(offerSocket, sink.directFor);
  }

  started(started: Started): void {
    this.#startedAs(started);
    this.clients.open();
  }

  /** Takes over a process that an earlier daemon started, in the state that its shim reports. `returning`: see Clients.expect. */
  adopt(state: ShimProcessState, returning: { readonly graceMs: number; readonly attended: boolean }): void {
    this.#startedAs(state);
    this.clients.expect(state, returning);
  }

  #startedAs({ pid, startTime, startedAtNs }: Started): void {
    this.#host = { pid, startTime };
    this.#startedAt = Number(startedAtNs / 1_000_000n);
  }

  /** Attaches a client: it gets what the shim's ring holds, then live output. Throws SHIM_LOST. */
  attach(sink: SessionSink, options: Omit<AttachOptions, 'start'>): ClientSession {
    const shim = this.#shim;
    if (!shim) {
      throw new LikerError(
        'SHIM_LOST',
        `Cannot attach to container '${this.identity.containerName()}': its shim was lost, and its terminal with it`,
      );
    }
    const { resume, readOnly } = options;
    const isConnected = resume?.direct === true && shim.takesClients;
    const session = new ClientSession(this, sink, {
      id: resume ? checkSessionId(resume.sessionId) : newSessionId('onlooker'),
      initiator: resume !== null && !isOnlooker(resume.sessionId),
      readOnly,
      resumed: resume !== null,
      // A client for which nothing waits can be further behind than the ring reaches.
      channel: isConnected || readOnly ? null : this.#channelFor(sink),
    });
    if (isConnected) session.connected();
    this.clients.attach(session);
    if (options.terminalSize) this.resize(options.terminalSize);
    const offset = (of: number | undefined) => (options.replay || resume ? BigInt(of ?? 0) : noBound);
    if (isConnected) {
      this.#stdin.letGo(session.id);
      this.clients.open();
    } else {
      const { number } = this.identity;
      this.clients.replay(session, (request) => {
        if (resume) shim.askStdinOffset(number, sessionNumber(session.id));
        shim.snapshot(number, request, offset(resume?.stdoutOffset), offset(resume?.stderrOffset));
      });
    }
    this.#events.attached(this);
    return session;
  }

  connect(session: ClientSession, tell: (path: string) => void): void {
    const connecting = session.channel?.connect(tell, (socket) => this.#hand(session, socket));
    connecting?.then(
      (isOpen) => isOpen && this.#connected(session),
      () => {},
    );
  }

  /** Returns whether the shim has taken the client's connection. */
  async #hand({ id, blocking }: ClientSession, socket: Socket): Promise<boolean> {
    if (!blocking || !this.#shim?.takesClients) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#opening.set(id, resolve);
    const may = mayControl | (this.takesStdin ? maySendStdin : 0);
    const start = { session: sessionNumber(id), may, since: everything };
    try {
      return (await this.#shim.openClient(this.identity.number, start, socket)) && (await promise);
    } finally {
      this.#opening.delete(id);
    }
  }

  #connected(session: ClientSession): void {
    this.#stdin.letGo(session.id);
    session.connected();
    if (session.queue.isClosed) this.disconnect(session);
    else this.clients.connected();
    this.#stdin.keep(this.clients.ids());
  }

  /** The shim has connected a client, or could not. */
  clientOpened(session: bigint, isOpen: boolean): void {
    this.#opening.get(sessionIdOf(session))?.(isOpen);
  }

  disconnect(session: ClientSession): void {
    // Also while the shim is asked to connect it.
    if (session.way === 'shim' || this.#opening.has(session.id))
      this.#shim?.closeClient(this.identity.number, sessionNumber(session.id));
  }

  /** The shim has given the session's stdin to the process up to `offset`; noBound: the process takes no more. */
  stdinAck(session: bigint, offset: bigint): void {
    const id = sessionIdOf(session);
    const isOver = offset === noBound;
    const taken = this.#stdin.taken(id, isOver ? null : Number(offset));
    this.#stdin.keep(this.clients.ids());
    this.clients.stdinTaken(id, taken, isOver);
  }

  /** The shim has refused a client's stdin. Only the shim can see that it does not fit: the client attached to an earlier daemon. */
  stdinRefused(session: bigint, offset: bigint): void {
    const id = sessionIdOf(session);
    this.#stdin.taken(id, null);
    this.clients.stdinRefused(id, Number(offset));
  }

  get takesStdin(): boolean {
    return this.identity.spec.openStdin;
  }

  get seesGaps(): boolean {
    return this.#shim?.refusesStdin ?? false;
  }

  stdin(sessionId: string, offset: number, data: Buffer): boolean {
    if (this.#exit || !this.#shim) return true;
    if (!this.#stdin.take(sessionId, offset, data.length)) return false;
    this.#shim.stdin(this.identity.number, sessionNumber(sessionId), offset, data);
    return true;
  }

  closeStdin(sessionId: string): void {
    if (this.takesStdin) this.#shim?.closeStdin(this.identity.number, sessionNumber(sessionId));
  }

  resize(size: TerminalSize): void {
    if (this.identity.spec.tty) this.#shim?.resize(this.identity.number, size);
  }

  signal(signal: number, scope: 'process' | 'foreground'): void {
    this.#shim?.signal(this.identity.number, signal, scope);
  }

  /** The process has ended, and all its output has been delivered. */
  ended(exit: ExitStatus): void {
    this.#exit = exit;
    this.clients.exit(exit);
  }

  clientLost(): void {
    if (!this.#exit) this.#events.clientLost(this);
  }

  clientDetached(session: ClientSession): void {
    // A client that detaches wants the process to go on.
    if (session.initiator) this.onDisconnect = 'keep';
    this.#events.detached(this, session);
  }

  progressed(): void {
    this.clients.progressed();
  }

  leave(session: ClientSession): void {
    this.clients.leave(session);
    this.#stdin.keep(this.clients.ids());
  }

  #readyFrame(session: ClientSession, offsets: Offsets): OutputFrame & { kind: 'ready' } {
    const { containerId, containerName, processId, spec } = this.identity;
    return {
      kind: 'ready',
      containerId,
      containerName: containerName(),
      processId,
      sessionId: session.id,
      tty: spec.tty,
      pid: this.pid,
      stdoutOffset: offsets.stdout,
      stderrOffset: offsets.stderr,
      stdinOffset: offsets.stdin,
      openStdin: this.takesStdin,
      direct: session.way === 'shim',
    };
  }
}
