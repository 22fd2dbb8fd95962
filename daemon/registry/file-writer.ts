import { writev } from 'node:fs';
import { promisify } from 'node:util';

const writeAll = promisify(writev);

/** So many bytes may wait for the disk before the network has to. */
const mostWaiting = 1024 * 1024;

/** Writes chunks one behind the other, while further ones arrive. A chunk is empty once it is written. */
export class FileWriter {
  readonly #fd: number;
  readonly #onBytes: (end: number) => void;
  #written: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(fd: number, offset: number, onBytes: (end: number) => void) {
    this.#fd = fd;
    this.#written = offset;
    this.#onBytes = onBytes;
  }

  /** Where the next chunk goes. */
  get end(): number {
    return this.#written + this.#waitingBytes;
  }

  /** Resolves when there is room for another chunk. Rejects with the error of any write so far. */
  async write(chunk: Buffer): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#writing ??= this.#drain();
    if (this.#waitingBytes > mostWaiting) await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Does not reject. */
  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeOut(this.#waiting.splice(0));
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#writing = null;
    }
  }

  async #writeOut(chunks: readonly Buffer[]): Promise<void> {
    let left = [...chunks];
    while (left.length > 0) {
      const { bytesWritten } = await writeAll(this.#fd, left, this.#written);
      this.#written += bytesWritten;
      this.#waitingBytes -= bytesWritten;
      left = after(left, bytesWritten);
      this.#onBytes(this.#written);
    }
    chunks.forEach(free);
  }
}

/** What is left of the chunks behind the first bytes. A disk that fills up takes a part. */
function after(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  return chunks.flatMap((chunk) => {
    const gone = Math.min(skip, chunk.length);
    skip -= gone;
    return gone === chunk.length ? [] : [chunk.subarray(gone)];
  });
}

/** Frees the memory at once: a fast connection fills a hundred mebibytes between two garbage collections. */
function free({ buffer, byteLength }: Buffer): void {
  // Others may have a part of it.
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
}
