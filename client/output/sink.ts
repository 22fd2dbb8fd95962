import type { Writable } from 'node:stream';

interface BlockingHandle {
  setBlocking?(blocking: boolean): number;
}

/**
 * Writes bytes to stdout or stderr. Never blocks the event loop, since a reader that stops must not keep likerctl from handling
 * signals. Reports when it is full, and can be flushed.
 */
export class Sink {
  readonly #open: () => Writable;
  #opened: Writable | undefined;
  #room: Promise<void> | undefined;

  /** The stream is opened when there is something to write. */
  constructor(open: () => Writable) {
    this.#open = open;
  }

  get #stream(): Writable {
    if (this.#opened) return this.#opened;
    this.#opened = this.#open();
    const handle = (this.#opened as { _handle?: BlockingHandle | null })._handle;
    handle?.setBlocking?.(false);
    return this.#opened;
  }

  /** Writes the bytes. Returns a promise only if the caller should wait before writing more. */
  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.#stream.destroyed || this.#stream.write(bytes)) return undefined;
    return this.#drained();
  }

  /** All bytes have left the process, or none can any more. */
  get isFlushed(): boolean {
    return !this.#opened || this.#opened.writableLength === 0 || this.#opened.destroyed;
  }

  /** Resolves when all bytes have left the process. */
  flush(): Promise<void> {
    if (this.isFlushed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }

  /** One promise for all who wait. */
  #drained(): Promise<void> {
    this.#room ??= new Promise((resolve) => {
      const done = (): void => {
        this.#room = undefined;
        this.#stream.off('drain', done);
        this.#stream.off('close', done);
        this.#stream.off('error', done);
        resolve();
      };
      this.#stream.on('drain', done);
      this.#stream.on('close', done);
      this.#stream.on('error', done);
    });
    return this.#room;
  }
}
