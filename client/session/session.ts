import { asError, LikerError } from '../../common/errors.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { OutputChunk } from '../../proto/gen/types/liker/v1/OutputChunk.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { SessionInputInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import { type Connection, endlessly } from '../connection/connection.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { Sink } from '../output/sink.ts';
import type { SessionCall } from './call.ts';
import { exitCode } from './exit-code.ts';
import { OutputCursor } from './output-cursor.ts';
import { keyboardSignals, proxiedSignals } from './proxied-signals.ts';
import { lastStatus, openResume } from './reconnect.ts';
import { SignalHandling } from './signal-handling.ts';
import { StdinPump } from './stdin-pump.ts';
import { Terminal, terminalSize } from './terminal.ts';

export const outputStreams = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof outputStreams)[number];

/** What a session is to be. */
export interface SessionOptions {
  readonly connection: Connection;
  /** Opens the stream and sends its first frame; a second time, when the connection was lost before the session was ready. */
  readonly open: () => SessionCall;
  /** Pass on the program's stdin. */
  readonly stdin: boolean;
  /** Turn the user's terminal into the process's. */
  readonly tty: boolean;
  /** Send nothing that changes the process. */
  readonly readOnly: boolean;
  /** Streams that are read and not shown; default: none. */
  readonly hidden?: readonly OutputStream[];
  readonly detachKeys: readonly number[];
  readonly sigProxy: boolean;
  onReady?(ready: Ready): void;
}

/** How one stream of a session came to its end. */
type StreamEnd =
  | { readonly kind: 'exit'; readonly status: ExitStatus }
  | { readonly kind: 'detached' }
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error };

/** How long the server may take to answer Detach, or to end the stream after the exit frame. */
const goodbyeMs = 3000;

/** How often a call that was lost before its first ready frame is repeated: it may be what makes the daemon die. */
const reopenings = 5;

/**
 * Drives Run, Exec or Attach from the first frame to the exit code, across lost connections. The terminal is
 * restored on every way out.
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
  #ready: Ready | undefined;
  #isConnected = false;
  #isDetaching = false;
  /** The window was resized while there was no session to tell. */
  #sizeChanged = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#signals = new SignalHandling({
      send: (signal) => this.#isConnected && this.#send({ signal: { signal } }),
      giveUp: (code) => this.#giveUp(code),
    });
    if (!options.stdin || options.readOnly) return;
    const keys = process.stdin.isTTY ? options.detachKeys : [];
    this.#pump = new StdinPump(process.stdin, keys, {
      sendStdin: (piece) => this.#send({ stdin: piece }),
      sendClose: () => this.#send({ closeStdin: {} }),
      hungUp: () => this.#signals.hungUp(),
      detachTyped: () => this.#detach(),
      typedWhileAway: (bytes) => this.#typedWhileAway(bytes),
    });
  }

  /** Resolves to the exit code of likerctl. Throws what the daemon says when there is no process to wait for. */
  async run(): Promise<number> {
    const raw = this.#options.tty && this.#pump !== undefined && process.stdin.isTTY;
    const { tty, sigProxy, readOnly } = this.#options;
    // Keys control a program on a terminal: a signal that no key can have sent is meant for likerctl.
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
      await Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
      this.#terminal.restore({ reset: end?.kind !== 'exit' });
      if (end?.kind === 'detached') {
        if (raw) printError('');
        notice('detached; the process goes on');
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

  /** The connection was lost after ready: waits for the daemon, attaches again, as often as it takes. */
  async #resume(lost: Error): Promise<StreamEnd> {
    const { connection, readOnly } = this.#options;
    for (let error = lost; ; ) {
      await connection.comeBack(error, { patienceMs: endlessly });
      const ready = this.#ready as Ready;
      const { stdout, stderr } = this.#cursors;
      const arrived = { stdoutOffset: stdout.offset, stderrOffset: stderr.offset };
      const call = openResume(connection, ready, { arrived, readOnly });
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
      this.#pump?.disconnected();
    }
  }

  #cutOff(error: Error): StreamEnd {
    if (this.#isDetaching) return { kind: 'detached' };
    return { kind: isConnectionLoss(error) ? 'lost' : 'failed', error };
  }

  /** Waits for the end of the stream: only then is a container that removes itself gone. */
  async #sayGoodbye(call: SessionCall): Promise<void> {
    const timer = setTimeout(() => call.cancel(), goodbyeMs);
    call.end();
    try {
      while (!(await call.frames.next()).done);
    } catch {
      // The exit status is here; how the stream ends does not matter any more.
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
      case 'outputEnd':
        this.#send({ outputTaken: {} });
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
    const { stdout, stderr } = this.#cursors;
    if (before === undefined) {
      stdout.startAt(ready.stdoutOffset);
      stderr.startAt(ready.stderrOffset);
      this.#options.onReady?.(ready);
    } else {
      notice('reconnected');
      this.#reportLoss(stdout.resumeAt(ready.stdoutOffset) + stderr.resumeAt(ready.stderrOffset));
    }
    this.#ready = ready;
    this.#options.connection.answered();
    this.#isConnected = true;
    this.#signals.ready();
    this.#pump?.connected(ready.stdinOffset);
    if (this.#options.tty && (before !== undefined || this.#sizeChanged)) this.#sendSize();
  }

  async #show(stream: OutputStream, chunk: OutputChunk | null | undefined): Promise<undefined> {
    if (!chunk) return;
    const { fresh, lost } = this.#cursors[stream].place(chunk.offset, chunk.data);
    this.#reportLoss(lost);
    const sink = stream === 'stdout' ? this.#stdout : this.#stderr;
    if (fresh.length > 0 && !this.#options.hidden?.includes(stream)) await sink.write(fresh);
  }

  /** Bytes that the process has written and that never came: there was no way back to its session. */
  #missing({ stdoutBytes, stderrBytes }: ExitStatus): number {
    // A read-only client is not waited for, and was told what it missed.
    if (this.#options.readOnly) return 0;
    const { stdout, stderr } = this.#cursors;
    const behind = (offset: number, all = offset) => Math.max(0, all - offset);
    return behind(stdout.offset, stdoutBytes) + behind(stderr.offset, stderrBytes);
  }

  #reportLoss(bytes: number, why = 'more than likerd keeps came in the meantime'): void {
    if (bytes > 0) notice(`${bytes} bytes of output are lost: ${why}`);
  }

  #send(input: SessionInputInput): boolean {
    return this.#call?.send(input) ?? true;
  }

  #sendSize(): void {
    const size = terminalSize();
    this.#sizeChanged = !this.#isConnected;
    if (size !== undefined && this.#isConnected && !this.#options.readOnly) this.#send({ resize: size });
  }

  #detach(): void {
    if (!this.#isConnected) this.#giveUp(0);
    this.#isDetaching = true;
    this.#send({ detach: {} });
    setTimeout(() => this.#call?.cancel(), goodbyeMs).unref();
  }

  /** In raw mode ctrl-c and ctrl-\ are bytes; without a session they mean the client itself. */
  #typedWhileAway(bytes: Buffer): void {
    if (!this.#terminal.isRaw) return;
    if (bytes.includes(0x03)) this.#giveUp(130);
    else if (bytes.includes(0x1c)) this.#giveUp(131);
  }

  /** Ends the program: the handlers of its exit restore the terminal. */
  #giveUp(code: number): never {
    this.#terminal.restore({ reset: this.#ready !== undefined });
    process.exit(code);
  }

  async #finish(end: StreamEnd): Promise<number> {
    switch (end.kind) {
      case 'exit':
        this.#reportLoss(this.#missing(end.status), 'they were on their way when likerd was lost');
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
