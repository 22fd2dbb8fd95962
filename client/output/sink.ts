import type { Writable } from 'node:stream';

interface BlockingHandle {
  setBlocking?(blocking: boolean): number;
}

/**
 * Writes bytes to stdout or stderr. Never blocks the event loop, since a reader that stops must not keep likerctl from handling
 * signals. Reports when it is full, and can be flushed.
 */
export class Sink {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    const handle = (stream as { _handle?: BlockingHandle | null })._handle;
    handle?.setBlocking?.(false);
  }

  /** Writes the bytes. Returns a promise only if the caller should wait before writing more. */
  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.#stream.destroyed || this.#stream.write(bytes)) return undefined;
    return this.#drained();
  }

  /** All bytes have left the process, or none can any more. */
  get isFlushed(): boolean {
    return this.#stream.writableLength === 0 || this.#stream.destroyed;
  }

  /** Resolves when all bytes have left the process. */
  flush(): Promise<void> {
    if (this.isFlushed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done);
        this.#stream.off('close', done);
        this.#stream.off('error', done);
        resolve();
      };
      this.#stream.on('drain', done);
      this.#stream.on('close', done);
      this.#stream.on('error', done);
    });
  }
}
