/** A part of a blob: bytes from `start` up to `end`, of which those up to `at` are there. */
interface Part {
  readonly start: number;
  readonly end: number;
  at: number;
}

/** A blob that is written in several places at a time. */
export class Gaps {
  readonly #size: number;
  readonly #partBytes: number;
  /** Those that are not complete, and complete ones behind them. */
  #parts: Part[] = [];
  #next: number;
  #whole: number;

  /** The first `from` bytes are there. */
  constructor(from: number, size: number, partBytes: number) {
    this.#next = from;
    this.#whole = from;
    this.#size = size;
    this.#partBytes = partBytes;
  }

  /** So many of the first bytes are there. */
  get whole(): number {
    return this.#whole;
  }

  /** The next part to bring; null: all are under way. */
  take(): Part | null {
    if (this.#next >= this.#size) return null;
    const end = Math.min(this.#next + this.#partBytes, this.#size);
    const part = { start: this.#next, end, at: this.#next };
    this.#parts.push(part);
    this.#next = end;
    return part;
  }

  /** The part is there up to `at`. */
  note(part: Part, at: number): void {
    part.at = at;
    while (this.#parts[0] !== undefined && this.#parts[0].at === this.#parts[0].end) {
      this.#whole = this.#parts[0].end;
      this.#parts.shift();
    }
    this.#whole = Math.max(this.#whole, this.#parts[0]?.at ?? 0);
  }
}
