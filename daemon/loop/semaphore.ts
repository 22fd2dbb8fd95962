/** Lets a few in at a time, in the order in which they asked. */
export class Semaphore {
  #free: number;
  readonly #longestMs: number | undefined;
  readonly #waiting: (() => void)[] = [];

  /** After `longestMs` a holder's place goes to the next, although the holder has not left. */
  constructor(places: number, { longestMs }: { readonly longestMs?: number } = {}) {
    this.#free = places;
    this.#longestMs = longestMs;
  }

  /** Resolves to a place, which is given back when it is disposed. */
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

  /** Runs the task in a place of its own. With a single place, tasks run one at a time. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    using _place = await this.enter();
    return await task();
  }
}
