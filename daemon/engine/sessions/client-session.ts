import { LikerError } from '../../../common/errors.ts';
import type { ExitStatus } from '../containers/model/phase.ts';
import type { TerminalSize } from '../containers/model/spec.ts';
import type { InputFrame, OutputFrame, Session, SessionSink } from './frames.ts';

/**
 * Bytes handed to the transport that it has not yet taken. Beyond it, output waits in the session's queue. Below the window
 * that the process has, so that a client that has stopped reading is seen to be behind.
 */
const maxInFlight = 128 * 1024;
/**
 * Bytes that wait for a client for which the process does not wait. Beyond it, they are dropped and counted. What is replayed
 * comes at once: as much as both rings of the shim hold.
 */
const maxQueued = 512 * 1024;

export type StreamName = 'stdout' | 'stderr';

export interface SessionOptions {
  /** Sixteen hexadecimal digits. */
  readonly id: string;
  /** The client that the process was started for: on_disconnect is about it. */
  readonly initiator: boolean;
  readonly readOnly: boolean;
  /** It continues an earlier session. */
  readonly resumed?: boolean;
}

/** What a session asks of the process that its client is attached to. */
export interface SessionHost {
  readonly identity: { readonly containerName: () => string; readonly processId: string };
  /** Clients may send stdin. */
  readonly takesStdin: boolean;
  /** The shim can tell a client of an earlier daemon, whose stdin it does not remember, from one that leaves a gap. */
  readonly seesGaps: boolean;
  /** Hands bytes to the process; false when it must take what it has first: then it calls stdinRoom or stdinAck later. */
  stdin(session: ClientSession, offset: number, data: Buffer): boolean;
  closeStdin(session: ClientSession): void;
  resize(size: TerminalSize): void;
  signal(signal: number, scope: 'process' | 'foreground'): void;
  /** The client has taken output, or is no longer waited for. */
  updateLimits(): void;
  clientDetached(session: ClientSession): void;
  /** The client that the process was started for has vanished. */
  clientLost(): void;
  /** The session is over. */
  leave(session: ClientSession): void;
}

/**
 * One client of one process. Keeps the order of frames, bounds what waits for a slow client, and knows how far the
 * client has read: a process waits for a client that reads slowly, but not for one that has stopped reading.
 */
export class ClientSession implements Session {
  readonly id: string;
  readonly initiator: boolean;
  readonly readOnly: boolean;
  readonly #process: SessionHost;
  readonly #sink: SessionSink;
  readonly #queue: OutputFrame[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #lostBytes = 0;
  /** Whether the client has all output: it is asked once the process has ended. */
  #arrival: 'not asked' | 'asked' | 'confirmed' = 'not asked';
  #over = false;
  /** Nothing is sent before the ready frame, and no live output before the replay. */
  #ready = false;
  /** The process waits for this client. */
  #blocking: boolean;
  /** Offset up to which the client's transport has taken each stream. */
  readonly taken: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** When the client last took something, or had nothing to take. */
  lastProgress = performance.now();
  readonly #stdin: { offset: number; data: Buffer }[] = [];
  /** Where the next chunk of stdin begins; null: the process takes no more, and it does not matter. */
  #stdinNext: number | null = 0;
  /** The client was attached before, and may send again what it does not know to have arrived. */
  #stdinResumes: boolean;
  #stdinClosed: 'open' | 'closing' | 'closed' = 'open';
  #resumed: (() => void) | null = null;

  constructor(process: SessionHost, sink: SessionSink, options: SessionOptions) {
    this.#process = process;
    this.#sink = sink;
    this.id = options.id;
    this.initiator = options.initiator;
    this.readOnly = options.readOnly;
    this.#blocking = !options.readOnly;
    this.#stdinResumes = options.resumed ?? false;
  }

  get blocking(): boolean {
    return this.#blocking && !this.#over;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Output waits for this client. */
  get behind(): boolean {
    return (
      !this.#over && (this.#queue.length > 0 || this.#inFlight >= maxInFlight || this.#arrival === 'asked')
    );
  }

  /** Some output has not yet been taken, or may not have arrived. */
  get unfinished(): boolean {
    return !this.#over && (this.#queue.length > 0 || this.#inFlight > 0 || this.#arrival === 'asked');
  }

  /** All output was handed over: bytes that the transport has taken may still be lost on their way. */
  outputEnd(): void {
    if (!this.#sink.confirms || !this.blocking || !this.#ready || this.#arrival !== 'not asked') return;
    this.#arrival = 'asked';
    this.lastProgress = performance.now();
    this.#enqueue({ kind: 'output-end' });
  }

  /** Opens the session: the ready frame, then what was gathered for it, then live output. */
  open(ready: OutputFrame & { kind: 'ready' }): void {
    this.#ready = true;
    this.taken.stdout = ready.stdoutOffset;
    this.taken.stderr = ready.stderrOffset;
    if (this.#stdinResumes && this.#stdinNext !== null) this.#stdinNext = ready.stdinOffset;
    this.#queue.unshift(ready);
    this.#pump();
    this.#flushStdin();
  }

  output(stream: StreamName, offset: number, data: Buffer): void {
    if (this.#over) return;
    if (!this.#blocking && this.#queuedBytes + data.length > maxQueued) {
      this.#dropQueued();
      this.#lostBytes += data.length;
      return;
    }
    if (this.#queue.length === 0) this.lastProgress = performance.now();
    this.#queuedBytes += data.length;
    this.#queue.push({ kind: stream, offset, data });
    this.#pump();
  }

  stdinAck(offset: number): void {
    this.#enqueue({ kind: 'stdin-ack', offset });
    this.#flushStdin();
  }

  /** The process had closed its stdin before the session was opened. */
  stdinOver(): void {
    this.#stdinNext = null;
  }

  stdinRefused(offset: number): void {
    this.#fail(wrongOffset(offset, 'what came began behind that, or found no room'));
  }

  warn(reason: string, message: string): void {
    this.#enqueue({ kind: 'warning', reason, message });
  }

  /** The last frame. */
  exit(exit: ExitStatus): void {
    this.#ready = true;
    this.#enqueue({ kind: 'exit', exit });
  }

  /** From now on the process does not wait for this client: output beyond a bound is dropped and counted. */
  stopWaiting(): void {
    this.#blocking = false;
    if (this.#queuedBytes > maxQueued) this.#dropQueued();
  }

  input(frame: InputFrame, resumed: () => void): boolean {
    if (this.#over) return true;
    if (frame.kind === 'detach') {
      this.#detach();
      return true;
    }
    if (frame.kind === 'output-taken') {
      this.#arrival = 'confirmed';
      this.#process.updateLimits();
      return true;
    }
    if (this.readOnly) {
      throw new LikerError(
        'BAD_ARGUMENT',
        `Cannot send ${frame.kind} in a read-only session: attach without read-only`,
      );
    }
    switch (frame.kind) {
      case 'stdin':
        if (!this.#process.takesStdin) throw this.#noStdin();
        this.#stdin.push({ offset: frame.offset, data: frame.data });
        this.#flushStdin();
        break;
      case 'close-stdin':
        if (this.#stdinClosed === 'open') this.#stdinClosed = 'closing';
        this.#flushStdin();
        break;
      case 'resize':
        this.#process.resize(frame.size);
        break;
      case 'signal':
        this.#process.signal(frame.signal, 'foreground');
        break;
    }
    if (this.#stdin.length === 0) return true;
    this.#resumed = resumed;
    return false;
  }

  lost(): void {
    if (this.#over) return;
    this.#finish();
    if (this.initiator) this.#process.clientLost();
  }

  /** Ends the session without a last frame, with the error if there is one. */
  drop(error?: LikerError): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.end(error);
  }

  /** Ends only this session, as if its client had vanished. */
  #fail(error: LikerError): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.end(error);
    if (this.initiator) this.#process.clientLost();
  }

  #detach(): void {
    // What was typed before the detach still belongs to the process.
    this.#flushStdin();
    this.#process.clientDetached(this);
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#ready = true;
    this.#enqueue({ kind: 'detached' });
  }

  #flushStdin(): void {
    // It is not known where the stdin of a resumed session stands.
    if (this.#stdinResumes && !this.#ready) return;
    for (let next = this.#stdin[0]; next; next = this.#stdin[0]) {
      const at = this.#placeStdin(next.offset);
      if (typeof at !== 'number') {
        this.#fail(at);
        return;
      }
      if (!this.#process.stdin(this, at, next.data)) return;
      this.#stdin.shift();
      this.#stdinResumes = false;
      if (this.#stdinNext !== null) this.#stdinNext = at + next.data.length;
    }
    if (this.#stdinClosed === 'closing') {
      this.#stdinClosed = 'closed';
      this.#process.closeStdin(this);
    }
    const resumed = this.#resumed;
    this.#resumed = null;
    resumed?.();
  }

  /** Where a chunk goes, or why it cannot go there. */
  #placeStdin(offset: number): number | LikerError {
    const next = this.#stdinNext;
    if (next === null || offset === next) return offset;
    if (offset === 0) return next;
    // A shim that has had many clients does not remember what each has sent.
    const mayGoOn = this.#stdinResumes && (offset < next || (next === 0 && this.#process.seesGaps));
    return mayGoOn ? offset : wrongOffset(next, `this chunk begins at ${offset}`);
  }

  #noStdin(): LikerError {
    const { containerName, processId } = this.#process.identity;
    return new LikerError(
      'NO_STDIN',
      `Cannot send stdin to process '${processId}' of container '${containerName()}': it was made without open_stdin (-i)`,
      { field: 'input.stdin', metadata: { container: containerName(), process: processId } },
    );
  }

  /** Tries again to hand stdin to the process. */
  stdinRoom(): void {
    if (this.#stdin.length > 0) this.#flushStdin();
  }

  #enqueue(frame: OutputFrame): void {
    if (this.#over) return;
    this.#queue.push(frame);
    this.#pump();
  }

  #dropQueued(): void {
    const kept: OutputFrame[] = [];
    for (const frame of this.#queue) {
      if (frame.kind === 'stdout' || frame.kind === 'stderr') this.#lostBytes += frame.data.length;
      else kept.push(frame);
    }
    this.#queue.splice(0, this.#queue.length, ...kept);
    this.#queuedBytes = 0;
  }

  #pump(): void {
    if (!this.#ready) return;
    while (!this.#over && this.#inFlight < maxInFlight) {
      const frame = this.#queue.shift();
      if (!frame) return;
      this.#send(frame);
    }
  }

  #send(frame: OutputFrame): void {
    if (this.#lostBytes > 0 && frame.kind !== 'ready') {
      const message = `${this.#lostBytes} bytes of output were skipped: this client stopped reading`;
      this.#lostBytes = 0;
      this.#sink.send({ kind: 'warning', reason: 'OUTPUT_LOST', message }, () => {});
    }
    if (frame.kind === 'stdout' || frame.kind === 'stderr') {
      const bytes = frame.data.length;
      this.#queuedBytes -= bytes;
      this.#inFlight += bytes;
      this.#sink.send(frame, () => this.#flushed(frame.kind, frame.offset + bytes, bytes));
      return;
    }
    this.#sink.send(frame, () => {});
    if (frame.kind === 'exit' || frame.kind === 'detached') {
      this.#finish();
      this.#sink.end();
    }
  }

  #flushed(stream: StreamName, offset: number, bytes: number): void {
    this.#inFlight -= bytes;
    this.lastProgress = performance.now();
    this.taken[stream] = Math.max(this.taken[stream], offset);
    if (this.#over) return;
    this.#pump();
    this.#process.updateLimits();
  }

  #finish(): void {
    this.#over = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#stdin.length = 0;
    this.#resumed = null;
    this.#process.leave(this);
  }
}

function wrongOffset(expected: number, why: string): LikerError {
  const field = 'input.stdin.offset';
  return new LikerError(
    'BAD_ARGUMENT',
    `Invalid ${field}: the stdin of this session goes on at ${expected}, and ${why}; leave the offset unset to append to what was sent before`,
    { field, metadata: { field, expected: String(expected) } },
  );
}
