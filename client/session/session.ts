import { constants } from 'node:os';
import { asError, LikerError } from '../../common/errors.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { OutputChunk } from '../../proto/gen/types/liker/v1/OutputChunk.ts';
import type { OutputEnd } from '../../proto/gen/types/liker/v1/OutputEnd.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { SessionInputInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import { type Connection, endlessly } from '../connection/connection.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { Sink } from '../output/sink.ts';
import type { SessionCall } from './call.ts';
import { Channel } from './channel.ts';
import { exitCode } from './exit-code.ts';
import { OutputCursor } from './output-cursor.ts';
import { keyboardSignals, proxiedSignals } from './proxied-signals.ts';
import { lastStatus, openResume } from './reconnect.ts';
import { SignalHandling } from './signal-handling.ts';
import { StdinPump } from './stdin-pump.ts';
import { Terminal, terminalSize } from './terminal.ts';

export const outputStreams = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof outputStreams)[number];

/** What a session attaches to, and how. */
export interface SessionOptions {
  readonly connection: Connection;
  /** Opens the stream and sends its first frame. Called again if the connection is lost before the session is ready. */
  readonly open: () => SessionCall;
  /** Forward stdin. */
  readonly stdin: boolean;
  /** The process has a terminal. */
  readonly tty: boolean;
  /** Send nothing that changes the process. */
  readonly readOnly: boolean;
  /** Streams that are read but not shown. */
  readonly hidden?: readonly OutputStream[];
  readonly detachKeys: readonly number[];
  readonly sigProxy: boolean;
  onReady?(ready: Ready): void;
}

/** How a stream ended. */
type StreamEnd =
  | { readonly kind: 'exit'; readonly status: ExitStatus }
  | { readonly kind: 'detached' }
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error };

/** The time for the server to answer Detach, or to end the stream after the exit frame. */
const goodbyeMs = 3000;

/** The time for likerd to say why the connection to the shim was lost. */
const explanationMs = 1000;

/** How often a call is repeated that was lost before its ready frame: it may itself crash the daemon. */
const reopenings = 5;

/**
 * Drives Run, Exec or Attach from the first frame to the exit code, across lost connections. Restores the terminal however it
 * ends.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #stdout = new Sink(process.stdout);
  readonly #stderr = new Sink(process.stderr);
  readonly #terminal = new Terminal();
  readonly #signals: SignalHandling;
  readonly #pump: StdinPump | undefined;
  readonly #cursors = { stdout: new OutputCursor(), stderr: new OutputCursor() };
  readonly #onResize = (): void => this.#sendSize();
  #call: SessionCall | undefined;
  /** The connection to the shim, if there is one: it may outlive likerd. */
  #channel: Channel | undefined;
  #hasLostChannel = false;
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

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#signals = new SignalHandling({
      send: (signal) => this.#sendSignal(signal),
      giveUp: (code) => this.#giveUp(code),
    });
    if (!options.stdin || options.readOnly) return;
    const keys = process.stdin.isTTY ? options.detachKeys : [];
    this.#pump = new StdinPump(process.stdin, keys, {
      sendStdin: (piece) => (this.#way ? this.#way.stdin(piece) : this.#send({ stdin: piece })),
      sendClose: () => (this.#way ? this.#way.closeStdin() : void this.#send({ closeStdin: {} })),
      hungUp: () => this.#signals.hungUp(),
      detachTyped: () => this.#detach(),
      typedWhileAway: (bytes) => this.#typedWhileAway(bytes),
    });
  }

  /** Resolves to the exit code of likerctl. Throws the daemon's error if there is no process to wait for. */
  async run(): Promise<number> {
    const raw = this.#options.tty && this.#pump !== undefined && process.stdin.isTTY;
    const { tty, sigProxy, readOnly } = this.#options;
    // A program on a terminal is controlled by keys: a signal that no key sends is meant for likerctl.
    const keyboardOnly = tty && (process.stdin.isTTY || process.stdout.isTTY);
    const passed = tty ? (keyboardOnly ? keyboardSignals : []) : proxiedSignals;
    this.#signals.start(sigProxy && !raw && !readOnly ? passed : []);
    if (raw) this.#terminal.enterRaw();
    if (this.#options.tty) process.stdout.on('resize', this.#onResize);
    this.#pump?.start();
    let end: StreamEnd | undefined;
    try {
      end = await this.#untilEnd();
      return await this.#finish(end);
    } finally {
      process.stdout.off('resize', this.#onResize);
      this.#pump?.stop();
      this.#signals.stop();
      this.#channel?.close();
      await Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
      this.#terminal.restore({ reset: end?.kind !== 'exit' });
      if (end?.kind === 'detached') {
        if (raw) printError('');
        notice('detached; the process continues');
      }
    }
  }

  async #untilEnd(): Promise<StreamEnd> {
    for (let losses = 0; ; losses++) {
      const end = await this.#converse(this.#options.open());
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

  /** The connection was lost after ready: waits for the daemon and attaches again, as often as needed. */
  async #resume(lost: Error): Promise<StreamEnd> {
    const { connection, readOnly } = this.#options;
    for (let error = lost; ; ) {
      this.#isAway = true;
      await connection.comeBack(error, { patienceMs: endlessly, quiet: this.#way?.hasAll === false });
      this.#isAway = false;
      const ready = this.#ready as Ready;
      const { stdout, stderr } = this.#cursors;
      const arrived = { stdoutOffset: stdout.offset, stderrOffset: stderr.offset };
      const channel = this.#way ? 'kept' : this.#hasLostChannel ? 'lost' : 'none';
      const call = openResume(connection, ready, { arrived, readOnly, channel });
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
      this.#isConnected = false;
      if (!this.#way) this.#pump?.disconnected();
    }
  }

  #cutOff(error: Error): StreamEnd {
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
        notice(output.warning?.message ?? '');
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
    else if (!this.#way) notice('reconnected');
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
    this.#hasBegun = true;
    if (isFirst) {
      stdout.startAt(offsets.stdout);
      stderr.startAt(offsets.stderr);
    } else this.#reportLoss(stdout.resumeAt(offsets.stdout) + stderr.resumeAt(offsets.stderr));
    this.#signals.ready();
    this.#pump?.connected(offsets.stdin);
    if (this.#options.tty && (!isFirst || this.#sizeChanged)) this.#sendSize();
  }

  /** The connection over which bytes go to the shim; null: they go through likerd. */
  get #way(): Channel | null {
    return this.#channel?.isOpen ? this.#channel : null;
  }

  #connect(path: string): void {
    const call = this.#call;
    this.#channel?.close();
    const channel = new Channel(path, {
      opened: (offsets) => this.#begin(offsets),
      output: (stream, offset, data) => void this.#show(stream, { offset, data }),
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
    notice(lostText);
  }

  #shown(): Promise<unknown> | null {
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
    const call = this.#call;
    const confirm = () => void call?.send({ outputTaken: {} });
    const channel = this.#behind(all) > 0 ? this.#channel : undefined;
    if (channel) void channel.ended.then(() => channel.isLost || confirm());
    else confirm();
  }

  #sendSignal(signal: NodeJS.Signals): boolean {
    if (!this.#way) return this.#isConnected && this.#send({ signal: { signal } });
    this.#way.signal(constants.signals[signal]);
    return true;
  }

  async #show(stream: OutputStream, chunk: OutputChunk | null | undefined): Promise<undefined> {
    if (!chunk) return;
    const { fresh, lost } = this.#cursors[stream].place(chunk.offset, chunk.data);
    this.#reportLoss(lost);
    const sink = stream === 'stdout' ? this.#stdout : this.#stderr;
    if (fresh.length > 0 && !this.#options.hidden?.includes(stream)) await sink.write(fresh);
  }

  /** The number of bytes that have not come of those that the process has written. */
  #behind({ stdoutBytes, stderrBytes }: Pick<ExitStatus, 'stdoutBytes' | 'stderrBytes'>): number {
    const { stdout, stderr } = this.#cursors;
    const behind = (offset: number, all = offset) => Math.max(0, all - offset);
    return behind(stdout.offset, stdoutBytes) + behind(stderr.offset, stderrBytes);
  }

  #reportLoss(
    bytes: number,
    why = 'the process wrote more than likerd keeps while likerctl was disconnected',
  ): void {
    if (bytes > 0) notice(`${bytes} bytes of output are lost: ${why}`);
  }

  #send(input: SessionInputInput): boolean {
    return this.#call?.send(input) ?? true;
  }

  #sendSize(): void {
    const size = terminalSize();
    this.#sizeChanged = !this.#way && !this.#isConnected;
    if (size === undefined || this.#sizeChanged || this.#options.readOnly) return;
    if (this.#way) this.#way.resize(size);
    else this.#send({ resize: size });
  }

  #detach(): void {
    if (!this.#isConnected) this.#giveUp(0);
    this.#isDetaching = true;
    const leave = () => void this.#send({ detach: {} });
    // Input typed before the detach still belongs to the process.
    if (this.#way) void this.#way.flushed().then(leave);
    else leave();
    setTimeout(() => this.#call?.cancel(), goodbyeMs).unref();
  }

  /** In raw mode ctrl-c and ctrl-\ are bytes. While disconnected they end the client. */
  #typedWhileAway(bytes: Buffer): void {
    if (!this.#terminal.isRaw) return;
    if (bytes.includes(0x03)) this.#giveUp(130);
    else if (bytes.includes(0x1c)) this.#giveUp(131);
  }

  /** Restores the terminal and ends likerctl. */
  #giveUp(code: number): never {
    this.#terminal.restore({ reset: this.#ready !== undefined });
    process.exit(code);
  }

  async #finish(end: StreamEnd): Promise<number> {
    switch (end.kind) {
      case 'exit':
        if (this.#behind(end.status) > 0) await this.#channel?.ended;
        // likerd does not wait for a read-only client, and has reported what that missed.
        if (!this.#options.readOnly)
          this.#reportLoss(this.#behind(end.status), 'they were in flight when likerd was lost');
        await Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
        return exitCode(end.status);
      case 'detached':
        return 0;
      case 'lost':
      case 'failed':
        throw end.error;
    }
  }
}
