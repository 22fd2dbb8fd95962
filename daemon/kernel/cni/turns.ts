/** Calls for a network go side by side, but for GC: it would take what an ADD has just made for something left over. */
export class NetworkTurns {
  readonly #calls = new Map<string, Set<Promise<unknown>>>();
  readonly #alone = new Map<string, Promise<unknown>>();

  async beside<T>(network: string, work: () => Promise<T>): Promise<T> {
    for (let last = this.#alone.get(network); last; last = this.#alone.get(network)) await last;
    const calls = this.#calls.get(network) ?? new Set();
    this.#calls.set(network, calls);
    const call = work();
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
      if (calls.size === 0) this.#calls.delete(network);
    }
  }

  /** After the calls that are under way; those that come wait for it. */
  async alone<T>(network: string, work: () => Promise<T>): Promise<T> {
    const calls = Promise.allSettled(this.#calls.get(network) ?? []);
    const result = calls.then(work);
    const over = result.catch(() => {}).then(() => this.#alone.delete(network));
    this.#alone.set(network, over);
    return result;
  }
}
