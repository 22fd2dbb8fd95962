/** A piece of stdin. `offset` is the number of bytes before it. */
export interface StdinPiece {
  readonly offset: number;
  readonly data: Buffer;
}

/** The most bytes that may be sent ahead of what the process has taken. */
export const maxUnackedBytes = 1024 * 1024;

/** Stdin that the process has not taken yet; a resumed session sends it again. */
export class StdinLog {
  #pieces: StdinPiece[] = [];
  #end = 0;
  #acked = 0;

  /** True while no more should be read. */
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

  /** The pieces from the first byte that was not taken. */
  unacked(): StdinPiece[] {
    return this.#pieces.map(({ offset, data }) => {
      const taken = Math.max(0, this.#acked - offset);
      return { offset: offset + taken, data: data.subarray(taken) };
    });
  }
}
