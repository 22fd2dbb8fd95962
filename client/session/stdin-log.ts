/** One piece of stdin. `offset` counts the bytes of the session before it. */
export interface StdinPiece {
  readonly offset: number;
  readonly data: Buffer;
}

/** Bytes that may be under way without the process having taken them. */
export const maxUnackedBytes = 1024 * 1024;

/** The stdin of a session that the process has not taken yet: what a resumed session sends again. */
export class StdinLog {
  #pieces: StdinPiece[] = [];
  #end = 0;
  #acked = 0;

  /** No more should be read for now. */
  get isFull(): boolean {
    return this.#end - this.#acked >= maxUnackedBytes;
  }

  append(data: Buffer): StdinPiece {
    const piece = { offset: this.#end, data };
    this.#pieces.push(piece);
    this.#end += data.length;
    return piece;
  }

  /** The process has taken all bytes before `offset`. */
  ack(offset: number): void {
    this.#acked = Math.min(Math.max(this.#acked, offset), this.#end);
    const first = this.#pieces.findIndex((piece) => piece.offset + piece.data.length > this.#acked);
    this.#pieces = first === -1 ? [] : this.#pieces.slice(first);
  }

  /** What is to be sent again, from the first byte that was not taken. */
  unacked(): StdinPiece[] {
    return this.#pieces.map(({ offset, data }) => {
      const taken = Math.max(0, this.#acked - offset);
      return { offset: offset + taken, data: data.subarray(taken) };
    });
  }
}
