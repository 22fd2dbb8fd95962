import { createConnection, type Socket } from 'node:net';
import { encodeHeader, encodeSize, u32s, u64s, type WindowSize } from '../../common/shim/encode.ts';
import { fromShim, noBound, toShim } from '../../common/shim/protocol.ts';
import { FrameReader } from '../../common/shim/reader.ts';
import { maxDataBytes } from '../../common/sizes.ts';
import type { StdinPiece } from './stdin-log.ts';

/** What comes through a channel, in order. */
export interface ChannelEvents {
  /** The first frame: where the bytes of each stream begin. `stdin`: how much of it the process has taken. */
  opened(offsets: { readonly stdout: number; readonly stderr: number; readonly stdin: number }): void;
  /** The bytes are overwritten once `shown` has resolved. */
  output(stream: 'stdout' | 'stderr', offset: number, bytes: Buffer): void;
  /** Resolves when all output is written; null if it is already. */
  shown(): Promise<unknown> | null;
  acked(offset: number): void;
  drained(): void;
  /** The connection was lost before all output had come. */
  lost(): void;
}

const readBufferBytes = 256 * 1024;
const foreground = 1;

/** A connection of this session to the shim itself, which has the bytes of the process. */
export class Channel {
  readonly #socket: Socket;
  readonly #ended = Promise.withResolvers<void>();
  /** False if the socket cannot be reached, such as in another mount namespace. */
  readonly connected: Promise<boolean>;
  #isOpen = false;
  #hasAll = false;
  #isLost = false;

  constructor(path: string, events: ChannelEvents) {
    const reader = new FrameReader({
      data: ({ stream }, offset, bytes) =>
        events.output(stream === 2 ? 'stderr' : 'stdout', Number(offset), bytes),
      frame: ({ type }, payload) => this.#take(type, payload, events),
    });
    const buffer = Buffer.allocUnsafe(readBufferBytes);
    this.#socket = createConnection({
      path,
      onread: {
        buffer,
        callback: (size) => {
          reader.push(buffer.subarray(0, size));
          const shown = events.shown();
          void shown?.then(() => this.#socket.resume());
          return shown === null;
        },
      },
    });
    this.connected = new Promise((resolve) => {
      this.#socket.once('connect', () => resolve(true));
      this.#socket.once('error', () => resolve(false));
    });
    this.#socket.on('drain', () => events.drained());
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#isLost = !this.#hasAll && this.#isOpen;
      this.#isOpen = false;
      this.#ended.resolve();
      if (this.#isLost) events.lost();
    });
  }

  /** The shim has taken this client; there is nobody else between them. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get hasAll(): boolean {
    return this.#hasAll;
  }

  /** The connection to the shim was lost before all output had come. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Resolves when all output has come, or none can come any more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #take(type: number, payload: Buffer, events: ChannelEvents): void {
    const offset = (at: number): number => {
      const value = payload.readBigUInt64LE(at);
      return value === noBound ? Number.POSITIVE_INFINITY : Number(value);
    };
    if (type === fromShim.opened) {
      this.#isOpen = true;
      events.opened({ stdout: offset(0), stderr: offset(8), stdin: offset(16) });
    } else if (type === fromShim.stdinAck) events.acked(offset(8));
    else if (type === fromShim.exit) {
      this.#hasAll = true;
      this.#ended.resolve();
    }
  }

  /** Returns false to ask for a pause until the event `drained`. */
  stdin({ offset, data }: StdinPiece): boolean {
    for (let at = 0; at < data.length; at += maxDataBytes) {
      const head = u64s(0n, BigInt(offset + at));
      this.#send(toShim.stdin, head, data.subarray(at, at + maxDataBytes));
    }
    return !this.#socket.writableNeedDrain;
  }

  closeStdin(): void {
    this.#send(toShim.closeStdin, u64s(0n));
  }

  resize(size: WindowSize): void {
    this.#send(toShim.resize, encodeSize(size));
  }

  signal(signal: number): void {
    this.#send(toShim.signal, u32s(signal, foreground));
  }

  /** Resolves when everything that was sent has left this process. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write('', () => resolve());
    });
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  /** The shim knows of which process and session this is. */
  #send(type: number, ...parts: Buffer[]): void {
    this.#socket.cork();
    this.#socket.write(encodeHeader(type, 0, 0, parts));
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }
}
