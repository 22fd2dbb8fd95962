// Starts and ends, a few at a time: processes that are born or that end in a crowd wait for a CPU, and so does likerd, which
// all of them, and all who ask, wait for. Together they take as long one after the other.
import { availableParallelism } from 'node:os';

/** Lets so many in at a time; one that takes long makes room for the next. */
export class Pace {
  #free: number;
  readonly #longestMs: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, longestMs: number) {
    this.#free = atOnce;
    this.#longestMs = longestMs;
  }

  /** Resolves in the order of the calls, with a place that is given back when it is disposed. */
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
    const timer = setTimeout(leave, this.#longestMs);
    return { [Symbol.dispose]: leave };
  }
}

export const atOnce = 2 * availableParallelism();

/** From the birth of a shim until its container has started. */
export const startPace = new Pace(atOnce, 100);
/** From the signal until the container has ended. Many pass over the signal, and the next must not wait for those. */
export const stopPace = new Pace(atOnce, 100);
/** From the birth of a shim that lists processes until it has answered: a thousand calls must not be a thousand processes. */
export const listPace = new Pace(atOnce, 10_000);
