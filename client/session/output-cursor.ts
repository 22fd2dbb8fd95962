/** A chunk of output, compared with what has been seen. */
export interface Placed {
  /** Bytes that have not been seen yet. */
  readonly fresh: Uint8Array;
  /** The number of bytes missing before them. */
  readonly lost: number;
}

/** How far a stream of output has been read, by the server's offsets, so that nothing is shown twice. */
export class OutputCursor {
  #offset = 0;

  get offset(): number {
    return this.#offset;
  }

  /** The first session starts at the offset that the server names. */
  startAt(offset: number): void {
    this.#offset = offset;
  }

  /** A resumed session starts at `offset`. Returns the number of bytes that are lost. */
  resumeAt(offset: number): number {
    const lost = Math.max(0, offset - this.#offset);
    this.#offset += lost;
    return lost;
  }

  place(offset: number, data: Uint8Array): Placed {
    const lost = Math.max(0, offset - this.#offset);
    const seen = Math.max(0, this.#offset - offset);
    this.#offset = Math.max(this.#offset, offset + data.length);
    return { fresh: data.subarray(Math.min(seen, data.length)), lost };
  }
}
