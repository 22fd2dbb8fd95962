import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { DetachScanner, partialMatchMs } from './detach-keys.ts';
import { StdinLog, type StdinPiece } from './stdin-log.ts';

/** Where the input comes from, such as process.stdin. */
export type StdinSource = Readable & {
  readonly isTTY?: boolean;
  readonly fd?: number;
  unref?(): unknown;
};

/** Where the input goes. */
export interface StdinTarget {
  /** Sends a piece. Returns false to ask for a pause until {@link StdinPump.drained}. */
  sendStdin(piece: StdinPiece): boolean;
  sendClose(): void;
  /** The terminal was closed. */
  hungUp(): void;
  /** The detach keys were typed. */
  detachTyped(): void;
  /** Bytes were typed while no session was connected. */
  typedWhileAway(bytes: Buffer): void;
}

/**
 * Reads stdin into a session: looks for the detach keys, numbers the bytes, keeps what the process has not taken, and pauses
 * reading while too much is in flight.
 */
export class StdinPump {
  readonly #log = new StdinLog();
  readonly #scanner: DetachScanner;
  readonly #source: StdinSource;
  readonly #target: StdinTarget;
  #isConnected = false;
  #mustDrain = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: StdinSource, keys: readonly number[], target: StdinTarget) {
    this.#source = source;
    this.#scanner = new DetachScanner(keys);
    this.#target = target;
  }

  start(): void {
    this.#source.on('data', this.#onData);
    this.#source.on('end', this.#onEnd);
    this.#source.on('error', this.#onEnd);
  }

  /** A session is ready, and its process has taken all bytes before `offset`: sends the rest and goes on. */
  connected(offset: number): void {
    this.#isConnected = true;
    this.#mustDrain = false;
    this.#log.ack(offset);
    for (const piece of this.#log.unacked()) this.#send(piece);
    if (this.#hasEnded) this.#target.sendClose();
    this.#adjust();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#adjust();
  }

  acked(offset: number): void {
    this.#log.ack(offset);
    this.#adjust();
  }

  drained(): void {
    this.#mustDrain = false;
    this.#adjust();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source.off('data', this.#onData);
    this.#source.off('end', this.#onEnd);
    this.#source.off('error', this.#onEnd);
    this.#source.on('error', () => {});
    this.#source.pause();
    this.#source.unref?.();
  }

  readonly #onData = (chunk: Buffer): void => {
    clearTimeout(this.#timer);
    if (!this.#isConnected) this.#target.typedWhileAway(chunk);
    const { forward, detach } = this.#scanner.scan(chunk);
    this.#forward(forward);
    if (detach) this.#target.detachTyped();
    else if (this.#scanner.isHolding) {
      this.#timer = setTimeout(() => this.#forward(this.#scanner.release()), partialMatchMs);
    }
  };

  readonly #onEnd = (): void => {
    if (this.#hasEnded) return;
    // A closed terminal reads as ended, often before SIGHUP arrives: the user did not type the end of the input.
    if (this.#source.isTTY && !isatty(this.#source.fd ?? -1)) {
      this.#target.hungUp();
      return;
    }
    this.#forward(this.#scanner.release());
    this.#hasEnded = true;
    if (this.#isConnected) this.#target.sendClose();
  };

  #forward(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const piece = this.#log.append(bytes);
    if (this.#isConnected) this.#send(piece);
    this.#adjust();
  }

  #send(piece: StdinPiece): void {
    if (!this.#target.sendStdin(piece)) this.#mustDrain = true;
  }

  #adjust(): void {
    const mustWait = this.#log.isFull || (this.#isConnected && this.#mustDrain);
    if (mustWait) this.#source.pause();
    else if (this.#source.isPaused()) this.#source.resume();
  }
}
