import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { asError, LikerError } from '../../common/errors.ts';
import type { WindowSize } from '../../common/shim/encode.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { OutputChunk } from '../../proto/gen/types/liker/v1/OutputChunk.ts';
import type { OutputEnd } from '../../proto/gen/types/liker/v1/OutputEnd.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { SessionInputInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import { type Connection, endlessly } from '../connection/connection.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import type { BegunCall } from '../connection/wire.ts';
import { Sink } from '../output/sink.ts';
import type { SessionCall } from './call.ts';
import { Channel } from './channel.ts';
import { OutputCursor } from './output-cursor.ts';
import { lastStatus, openResume } from './reconnect.ts';
import { StdinPump, type StdinSource } from './stdin-pump.ts';

export const outputStreams = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof outputStreams)[number];

/** Who is at this end of a session: a user at a terminal, or a program. */
export interface Front {
  /** Null: stdin is not forwarded. */
  readonly stdin: StdinSource | null;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** If stdin is a terminal that is typed into. */
  readonly keys: readonly number[];
  /** Size of the terminal that shows the output; undefined if there is none. */
  size(): WindowSize | undefined;
  notice(text: string): void;
  /** A session is ready: what is sent from now on arrives. */
  ready(): void;
  /** The terminal that stdin is was closed. */
  hungUp(): void;
  typedWhileAway(bytes: Buffer): void;
  /** The detach keys were typed while no session was connected. */
  leave(): void;
}

/** What a session attaches to, and how. */
export interface SessionOptions {
  readonly connection: Connection;
  /**
   * Opens the stream and sends its first frame, unless it is given a stream that was begun. Called again, without, if the connection is lost
   * before the session is ready.
   */
  readonly open: (begun?: BegunCall) => SessionCall;
  /** The stream that the session begins with. */
  readonly begun?: BegunCall | undefined;
  /** Asked when that has failed before the session was ready. True: the stream is opened once more. */
  readonly mend?: (error: Error) => Promise<boolean>;
  /** The process has a terminal. */
  readonly tty: boolean;
  /** Send nothing that changes the process. */
  readonly readOnly: boolean;
  /** Streams that are read but not shown. */
  readonly hidden?: readonly OutputStream[];
  onReady?(ready: Ready): void;
}

/** How a session ended. */
export type SessionEnd =
  | { readonly kind: 'exit'; readonly status: ExitStatus }
  | { readonly kind: 'detached' };

/** How a stream ended. */
type StreamEnd =
  | SessionEnd
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error };

interface Early {
  /** Where the shim has begun each stream. */
  readonly from: Readonly<Record<OutputStream, number>>;
  readonly chunks: [OutputStream, OutputChunk][];
  readonly shown: PromiseWithResolvers<void>;
}

/** The time for the server to answer Detach, or to end the stream after the exit frame. */
const goodbyeMs = 3000;

/** The time for likerd to say why the connection to the shim was lost. */
const explanationMs = 1000;

/** How often a call is repeated that was lost before its ready frame: it may itself crash the daemon. */
const reopenings = 5;

/** Drives Run, Exec or Attach from the first frame to the exit status, across lost connections. */
export class Session {
  readonly #options: SessionOptions;
  readonly #front: Front;
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #pump: StdinPump | undefined;
  readonly #cursors = { stdout: new OutputCursor(), stderr: new OutputCursor() };
  #call: SessionCall | undefined;
  /** The connection to the shim, if there is one: it may outlive likerd. */
  #channel: Channel | undefined;
  #hasLostChannel = false;
  /** What the shim has sent while bytes before it are still on their way through likerd. */
  #early: Early | null = null;
  /** likerd is lost. */
  #isAway = false;
  #hasBegun = false;
  #ready: Ready | undefined;
  #isConnected = false;
  #isDetaching = false;
  /** The call was ended here, to begin it again. */
  #mustResume = false;
  /** The window was resized while no session was connected. */
  #sizeChanged = false;
  /** Why it was aborted. */
  #aborted: Error | null = null;

  constructor(options: SessionOptions, front: Front) {
    this.#options = options;
    this.#front = front;
    this.#stdout = new Sink(() => front.stdout);
    this.#stderr = new Sink(() => front.stderr);
    if (!front.stdin || options.readOnly) return;
    this.#pump = new StdinPump(front.stdin, front.keys, {
      sendStdin: (piece) => (this.#way ? this.#way.stdin(piece) : this.#send({ stdin: piece })),
      sendClose: () => (this.#way ? this.#way.closeStdin() : void this.#send({ closeStdin: {} })),
      hungUp: () => front.hungUp(),
      detachTyped: () => this.#detach(),
      typedWhileAway: (bytes) => front.typedWhileAway(bytes),
    });
  }

  /** Resolves once all output is written. Throws the daemon's error if there is no process to wait for. */
  async run(): Promise<SessionEnd> {
    this.#pump?.start();
    try {
      return await this.#finish(await this.#untilEnd());
    } finally {
      this.#pump?.stop();
      this.#channel?.close();
      await Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
    }
  }

  /** A process is, or was, at the other end. */
  get wasReady(): boolean {
    return this.#ready !== undefined;
  }

  /** Sends a signal to the process. Returns false while no session is connected. */
  signal(signal: NodeJS.Signals): boolean {
    if (!this.#way) return this.#isConnected && this.#send({ signal: { signal } });
    this.#way.signal(constants.signals[signal]);
    return true;
  }

  /** Cuts the session off: the policy on_disconnect applies to the process. */
  abort(error: Error): void {
    this.#aborted = error;
    this.#call?.cancel();
  }

  async #untilEnd(): Promise<StreamEnd> {
    for (let losses = 0; ; losses++) {
      if (this.#aborted) return { kind: 'failed', error: this.#aborted };
      const end = await this.#converse(this.#options.open(losses === 0 ? this.#options.begun : undefined));
      if (end.kind === 'failed' && (await this.#isMended(losses, end.error))) continue;
      if (end.kind !== 'lost') return end;
      if (this.#ready !== undefined) return this.#resume(end.error);
      if (losses === reopenings) return { kind: 'failed', error: end.error };
      try {
        await this.#options.connection.comeBack(end.error);
      } catch (error) {
        return { kind: 'failed', error: asError(error) };
      }
    }
  }

  async #isMended(losses: number, error: Error): Promise<boolean> {
    const { begun, mend } = this.#options;
    if (begun === undefined || losses > 0 || this.wasReady || this.#aborted) return false;
    return (await mend?.(error)) === true;
  }

  /** The connection was lost after ready: waits for the daemon and attaches again, as often as needed. */
  async #resume(lost: Error): Promise<StreamEnd> {
    const { connection, readOnly } = this.#options;
    for (let error = lost; ; ) {
      this.#isAway = true;
      await connection.comeBack(error, { patienceMs: endlessly, quiet: this.#way?.hasAll === false });
      this.#isAway = false;
      if (this.#aborted) return { kind: 'failed', error: this.#aborted };
      const ready = this.#ready as Ready;
      const { stdout, stderr } = this.#cursors;
      const arrived = { stdoutOffset: stdout.offset, stderrOffset: stderr.offset };
      const channel = this.#way ? 'kept' : this.#hasLostChannel ? 'lost' : 'none';
      const call = openResume(connection, ready, {
        arrived,
        readOnly,
        channel,
        terminalSize: this.#front.size(),
      });
      this.#ready = undefined;
      const end = await this.#converse(call, ready);
      if (end.kind === 'lost') {
        this.#ready ??= ready;
        error = end.error;
      } else if (end.kind === 'failed') {
        const status = await lastStatus(connection, ready);
        return status === undefined ? end : { kind: 'exit', status };
      } else return end;
    }
  }

  /** Reads one stream to its end. */
  async #converse(call: SessionCall, before?: Ready): Promise<StreamEnd> {
    this.#call = call;
    call.onDrain(() => this.#pump?.drained());
    try {
      for (;;) {
        const { value, done } = await call.frames.next();
        if (done === true)
          return this.#cutOff(new LikerError('DAEMON_UNREACHABLE', 'The session was cut off'));
        const end = await this.#handle(value, before);
        if (end !== undefined) {
          await this.#sayGoodbye(call);
          return end;
        }
      }
    } catch (error) {
      return this.#cutOff(asError(error));
    } finally {
      this.#showEarly();
      this.#isConnected = false;
      if (!this.#way) this.#pump?.disconnected();
    }
  }

  #cutOff(error: Error): StreamEnd {
    if (this.#aborted) return { kind: 'failed', error: this.#aborted };
    if (this.#isDetaching) return { kind: 'detached' };
    if (this.#mustResume) {
      this.#mustResume = false;
      return {
        kind: 'lost',
        error: new LikerError('DAEMON_UNREACHABLE', 'The connection to the shim was lost'),
      };
    }
    return { kind: isConnectionLoss(error) ? 'lost' : 'failed', error };
  }

  /** Waits for the end of the stream: only then has a container with --rm been removed. */
  async #sayGoodbye(call: SessionCall): Promise<void> {
    const timer = setTimeout(() => call.cancel(), goodbyeMs);
    call.end();
    try {
      while (!(await call.frames.next()).done);
    } catch {
      // The exit status has arrived: the end of the stream does not matter.
    } finally {
      clearTimeout(timer);
    }
  }

  async #handle(output: SessionOutput, before: Ready | undefined): Promise<StreamEnd | undefined> {
    switch (output.frame) {
      case 'ready':
        if (output.ready) this.#onReady(output.ready, before);
        return undefined;
      case 'stdout':
        return this.#show('stdout', output.stdout);
      case 'stderr':
        return this.#show('stderr', output.stderr);
      case 'channel':
        this.#connect(output.channel?.path ?? '');
        return undefined;
      case 'outputEnd':
        if (output.outputEnd) this.#confirm(output.outputEnd);
        return undefined;
      case 'exit':
        return output.exit ? { kind: 'exit', status: output.exit } : undefined;
      case 'warning':
        this.#front.notice(output.warning?.message ?? '');
        return undefined;
      case 'stdinAck':
        this.#pump?.acked(output.stdinAck?.offset ?? 0);
        return undefined;
      case 'detached':
        return { kind: 'detached' };
      default:
        return undefined;
    }
  }

  #onReady(ready: Ready, before: Ready | undefined): void {
    if (before === undefined) this.#options.onReady?.(ready);
    else if (!this.#way) this.#front.notice('reconnected');
    this.#ready = ready;
    this.#options.connection.answered();
    this.#isConnected = true;
    if (ready.direct) return;
    this.#channel?.close();
    this.#channel = undefined;
    this.#begin({ stdout: ready.stdoutOffset, stderr: ready.stderrOffset, stdin: ready.stdinOffset });
  }

  /** Bytes come from these offsets on, and can be sent. */
  #begin(offsets: { readonly stdout: number; readonly stderr: number; readonly stdin: number }): void {
    const { stdout, stderr } = this.#cursors;
    const isFirst = !this.#hasBegun;
    if (isFirst) {
      stdout.startAt(offsets.stdout);
      stderr.startAt(offsets.stderr);
    } else this.#reportLoss(stdout.resumeAt(offsets.stdout) + stderr.resumeAt(offsets.stderr));
    this.#goOn(offsets.stdin);
  }

  #goOn(stdinOffset: number): void {
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    this.#front.ready();
    this.#pump?.connected(stdinOffset);
    if (this.#options.tty && (!isFirst || this.#sizeChanged)) this.sendSize();
  }

  /**
   * The shim sends from these offsets on. It may no longer have what likerd has put into the call already, and what is still unread there if
   * the reader of the output is slow: that comes first.
   */
  #opened(from: Readonly<Record<OutputStream | 'stdin', number>>): void {
    this.#early = { from, chunks: [], shown: Promise.withResolvers() };
    // After the end of the call nothing more comes before it.
    if (this.#isConnected) this.#showEarlyInTurn();
    else this.#showEarly();
    this.#goOn(from.stdin);
  }

  #showEarlyInTurn(): void {
    const from = this.#early?.from;
    if (from && outputStreams.every((stream) => this.#cursors[stream].offset >= from[stream]))
      this.#showEarly();
  }

  #showEarly(): void {
    const early = this.#early;
    this.#early = null;
    for (const [stream, chunk] of early?.chunks ?? []) void this.#show(stream, chunk);
    early?.shown.resolve();
  }

  #fromShim(stream: OutputStream, offset: number, data: Buffer): void {
    if (this.#early) this.#early.chunks.push([stream, { offset, data: Buffer.from(data) }]);
    else void this.#show(stream, { offset, data });
  }

  /** The connection over which bytes go to the shim; null: they go through likerd. */
  get #way(): Channel | null {
    return this.#channel?.isOpen ? this.#channel : null;
  }

  #connect(path: string): void {
    const call = this.#call;
    this.#channel?.close();
    const channel = new Channel(path, {
      opened: (offsets) => this.#opened(offsets),
      output: (stream, offset, data) => this.#fromShim(stream, offset, data),
      shown: () => this.#shown(),
      acked: (offset) => this.#pump?.acked(offset),
      drained: () => this.#pump?.drained(),
      lost: () => this.#onChannelLost(),
    });
    this.#channel = channel;
    void channel.ended.then(() => this.#missLikerd());
    void channel.connected.then((isConnected) => isConnected || call?.send({ channelRefused: {} }));
  }

  /** Without likerd everything has gone on, but the end of the process is known only to it. */
  async #missLikerd(): Promise<void> {
    if (!this.#isAway) return;
    const { lostText } = await import('../connection/absence.ts');
    this.#front.notice(lostText);
  }

  #shown(): Promise<unknown> | null {
    if (this.#early) return this.#early.shown.promise;
    if (this.#stdout.isFlushed && this.#stderr.isFlushed) return null;
    return Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
  }

  /** likerd says why, unless it has closed the connection itself. Then the session is resumed through likerd. */
  #onChannelLost(): void {
    this.#channel = undefined;
    this.#hasLostChannel = true;
    this.#pump?.disconnected();
    const call = this.#call;
    setTimeout(() => {
      if (!this.#isConnected || call !== this.#call) return;
      this.#mustResume = true;
      call?.cancel();
    }, explanationMs).unref();
  }

  /** Tells likerd that all output has come. If the channel is lost before, the session is resumed instead. */
  #confirm(all: OutputEnd): void {
    // No more output comes by the call.
    this.#showEarly();
    const call = this.#call;
    const confirm = () => void call?.send({ outputTaken: {} });
    const channel = this.#behind(all) > 0 ? this.#channel : undefined;
    if (channel) void channel.ended.then(() => channel.isLost || confirm());
    else confirm();
  }

  async #show(stream: OutputStream, chunk: OutputChunk | null | undefined): Promise<undefined> {
    if (!chunk) return;
    const { fresh, lost } = this.#cursors[stream].place(chunk.offset, chunk.data);
    this.#reportLoss(lost);
    const sink = stream === 'stdout' ? this.#stdout : this.#stderr;
    const isShown = fresh.length > 0 && !this.#options.hidden?.includes(stream);
    const room = isShown ? sink.write(fresh) : undefined;
    this.#showEarlyInTurn();
    await room;
  }

  /** The number of bytes that have not come of those that the process has written. */
  #behind({ stdoutBytes, stderrBytes }: Pick<ExitStatus, 'stdoutBytes' | 'stderrBytes'>): number {
    const { stdout, stderr } = this.#cursors;
    const behind = (offset: number, all = offset) => Math.max(0, all - offset);
    return behind(stdout.offset, stdoutBytes) + behind(stderr.offset, stderrBytes);
  }

  #reportLoss(
    bytes: number,
    why = 'the process wrote more than likerd keeps while its client was disconnected',
  ): void {
    if (bytes > 0) this.#front.notice(`${bytes} bytes of output are lost: ${why}`);
  }

  #send(input: SessionInputInput): boolean {
    return this.#call?.send(input) ?? true;
  }

  /** Passes the size of the terminal on. */
  sendSize(): void {
    const size = this.#front.size();
    this.#sizeChanged = !this.#way && !this.#isConnected;
    if (size === undefined || this.#sizeChanged || this.#options.readOnly) return;
    if (this.#way) this.#way.resize(size);
    else this.#send({ resize: size });
  }

  #detach(): void {
    if (!this.#isConnected) this.#front.leave();
    this.#isDetaching = true;
    const leave = () => void this.#send({ detach: {} });
    // Input typed before the detach still belongs to the process.
    if (this.#way) void this.#way.flushed().then(leave);
    else leave();
    setTimeout(() => this.#call?.cancel(), goodbyeMs).unref();
  }

  async #finish(end: StreamEnd): Promise<SessionEnd> {
    switch (end.kind) {
      case 'exit':
        if (this.#behind(end.status) > 0) await this.#channel?.ended;
        // likerd does not wait for a read-only client, and has reported what that missed.
        if (!this.#options.readOnly)
          this.#reportLoss(this.#behind(end.status), 'they were in flight when likerd was lost');
        await Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
        return end;
      case 'detached':
        return end;
      case 'lost':
      case 'failed':
        throw end.error;
    }
  }
}
