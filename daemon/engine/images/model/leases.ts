/**
 * Digests of images, layers and blobs that a call is about to use. A removal skips them. They are kept in memory: a daemon's start
 * removes only files without a row.
 */
export class Leases {
  readonly #held = new Map<string, number>();

  /** Holds the digests until it is disposed of. */
  hold(digests: Iterable<string>): Disposable {
    const held = [...digests];
    for (const digest of held) this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const digest of held.splice(0)) this.#release(digest);
      },
    };
  }

  /** How many hold it. */
  count(digest: string): number {
    return this.#held.get(digest) ?? 0;
  }

  has(digest: string): boolean {
    return this.#held.has(digest);
  }

  #release(digest: string): void {
    const left = (this.#held.get(digest) ?? 0) - 1;
    if (left > 0) this.#held.set(digest, left);
    else this.#held.delete(digest);
  }
}
