import type { koffi } from './koffi.ts';

export type NativeFunction = ReturnType<ReturnType<typeof koffi.load>['func']>;

/** Calls functions in threads, in the order in which it was asked to: no more than so many at a time. */
export class Lane {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async call(called: NativeFunction, ...values: readonly unknown[]): Promise<number> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await new Promise((resolve, reject) => {
        called.async(...values, (error: Error | null, result: number) =>
          error ? reject(error) : resolve(result),
        );
      });
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
