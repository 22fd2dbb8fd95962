/** Reads the little-endian fields of a shim's frame in order. Throws RangeError past the end. */
export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  i32(): number {
    this.#at += 4;
    return this.#bytes.readInt32LE(this.#at - 4);
  }

  u64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }

  /** u32 length, bytes, NUL. */
  str(): string {
    const length = this.u32();
    const start = this.#at;
    if (start + length + 1 > this.#bytes.length) throw new RangeError('String past the end of the frame');
    this.#at += length + 1;
    return this.#bytes.toString('utf8', start, start + length);
  }

  bytes(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
