/** What to do with a chunk of output. */
export interface Placed {
  /** The bytes that have not been seen yet. */
  readonly fresh: Uint8Array;
  /** Bytes missing before them. */
  readonly lost: number;
}

/** How far one stream of output has been read. The server's offsets decide: nothing is shown twice. */
export class OutputCursor {
  #offset = 0;

  get offset(): number {
    return this.#offset;
  }

  /** The first session starts wherever the server says. */
  startAt(offset: number): void {
    this.#offset = offset;
  }

  /** A resumed session starts at `offset`. Answers the number of bytes that are gone for good. */
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
