import type { OutputFrame, SessionSink, StreamName } from './frames.ts';

/**
 * Bytes handed to the transport that it has not taken yet. Beyond this, output waits in the queue. It is less than windowBytes, so
 * that a client that has stopped reading is seen to be behind.
 */
const maxInFlight = 128 * 1024;
/**
 * Bytes that may wait for a client for which the process does not wait. Beyond this, output is dropped and counted. A replay, which comes
 * at once, has as much as both rings of the shim hold.
 */
const maxQueued = 512 * 1024;

interface QueueEvents {
  /** The transport has taken so many bytes of output. */
  taken(bytes: number): void;
  /** The last frame has been sent. */
  ended(): void;
}

/** The frames on their way to one client, in order. Nothing is sent before the queue is opened. */
export class OutputQueue {
  readonly #sink: SessionSink;
  readonly #events: QueueEvents;
  readonly #frames: OutputFrame[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #lostBytes = 0;
  #state: 'gathering' | 'open' | 'closed' = 'gathering';
  /** Drop output beyond maxQueued. */
  #bounded: boolean;
  /** Offset up to which the transport has taken each stream. */
  readonly taken: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** When the transport last took something, or had nothing to take, by performance.now(). */
  lastProgress = performance.now();

  constructor(sink: SessionSink, events: QueueEvents, { bounded }: { readonly bounded: boolean }) {
    this.#sink = sink;
    this.#events = events;
    this.#bounded = bounded;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Output waits for the transport. */
  get isBehind(): boolean {
    return this.#frames.length > 0 || this.#inFlight >= maxInFlight;
  }

  /** Some output has not been taken yet. */
  get isUnfinished(): boolean {
    return this.#frames.length > 0 || this.#inFlight > 0;
  }

  /** Sends the ready frame, then the frames gathered so far, then later ones as they come. */
  open(ready: OutputFrame & { kind: 'ready' }): void {
    this.#state = 'open';
    this.taken.stdout = ready.stdoutOffset;
    this.taken.stderr = ready.stderrOffset;
    this.#frames.unshift(ready);
    this.#pump();
  }

  output(stream: StreamName, offset: number, data: Buffer): void {
    if (this.#state === 'closed') return;
    if (this.#bounded && this.#queuedBytes + data.length > maxQueued) {
      this.#dropOutput();
      this.#lostBytes += data.length;
      return;
    }
    if (this.#frames.length === 0) this.lastProgress = performance.now();
    this.#queuedBytes += data.length;
    this.#frames.push({ kind: stream, offset, data });
    this.#pump();
  }

  push(frame: OutputFrame): void {
    if (this.#state === 'closed') return;
    this.#frames.push(frame);
    this.#pump();
  }

  /** Queues the last frame. It is sent even if the queue was never opened. */
  end(frame: OutputFrame & { kind: 'exit' | 'detached' }): void {
    if (this.#state === 'gathering') this.#state = 'open';
    this.push(frame);
  }

  /** From now on, output beyond maxQueued is dropped and counted. */
  bound(): void {
    this.#bounded = true;
    if (this.#queuedBytes > maxQueued) this.#dropOutput();
  }

  /** Drops output that waits: the client gets it another way. */
  letOutputGo(): void {
    this.#dropOutput();
    this.#lostBytes = 0;
  }

  /** Drops the frames that wait. */
  clear(): void {
    this.#frames.length = 0;
    this.#queuedBytes = 0;
  }

  /** Drops the frames that wait, and every later one. */
  close(): void {
    this.#state = 'closed';
    this.clear();
  }

  #dropOutput(): void {
    const kept: OutputFrame[] = [];
    for (const frame of this.#frames) {
      if (frame.kind === 'stdout' || frame.kind === 'stderr') this.#lostBytes += frame.data.length;
      else kept.push(frame);
    }
    this.#frames.splice(0, this.#frames.length, ...kept);
    this.#queuedBytes = 0;
  }

  #pump(): void {
    while (this.#state === 'open' && this.#inFlight < maxInFlight) {
      const frame = this.#frames.shift();
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
    if (frame.kind === 'exit' || frame.kind === 'detached') this.#events.ended();
  }

  #flushed(stream: StreamName, offset: number, bytes: number): void {
    this.#inFlight -= bytes;
    this.lastProgress = performance.now();
    this.taken[stream] = Math.max(this.taken[stream], offset);
    if (this.#state === 'closed') return;
    this.#pump();
    this.#events.taken(bytes);
  }
}
