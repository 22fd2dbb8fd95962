/** Admits a limited number of holders at a time, in the order of their requests. */
export class Semaphore {
  #free: number;
  readonly #longestMs: number | undefined;
  readonly #waiting: (() => void)[] = [];

  /** After `longestMs` the next request is admitted even if the holder has not left. Default: never. */
  constructor(places: number, { longestMs }: { readonly longestMs?: number } = {}) {
    this.#free = places;
    this.#longestMs = longestMs;
  }

  /** Resolves to a place; disposing of it gives it back. */
  async enter(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    const leave = (): void => {
      if (!held) return;
      held = false;
      clearTimeout(timer);
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
    const timer = this.#longestMs === undefined ? undefined : setTimeout(leave, this.#longestMs);
    return { [Symbol.dispose]: leave };
  }

  /** Runs the task while holding a place. With a single place this is a mutex. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    using _place = await this.enter();
    return await task();
  }
}
