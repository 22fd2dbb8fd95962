import type { Writable } from 'node:stream';

interface BlockingHandle {
  setBlocking?(blocking: boolean): number;
}

/**
 * stdout or stderr as a place for bytes: never blocks the event loop (a stopped reader must not make the
 * program deaf to signals), tells when it is full, and can be waited for.
 */
export class Sink {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    const handle = (stream as { _handle?: BlockingHandle | null })._handle;
    handle?.setBlocking?.(false);
  }

  /** Writes. The promise is there only when the caller should wait before it writes more. */
  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.#stream.write(bytes)) return undefined;
    return this.#drained();
  }

  /** Resolves when all bytes have left the process. */
  flush(): Promise<void> {
    if (this.#stream.writableLength === 0 || this.#stream.destroyed) return Promise.resolve();
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
