import type { ShimConnection, SpawnedShim } from './shim.ts';

/** A shim without a plan. */
export type Spare = SpawnedShim & { readonly shim: ShimConnection };

/**
 * Shims that were born beforehand and wait for a plan, so that a start need not wait for a birth. They end with this daemon, since nobody else
 * has the other end of their sockets.
 */
export class Spares implements Disposable {
  readonly #birth: () => Promise<Spare>;
  /** Waiting, or being born. */
  readonly #spares: Promise<Spare>[] = [];
  #count: number;

  constructor(count: number, birth: () => Promise<Spare>) {
    this.#count = count;
    this.#birth = birth;
  }

  /** Gives a spare its plan, and fds that it keeps open. Null: there is none that takes it. */
  async begin(plan: Buffer, held: readonly number[]): Promise<SpawnedShim | null> {
    const spare = await this.#spares.shift()?.catch(() => null);
    if (!spare) return null;
    if (spare.shim.begin(plan, held)) return spare;
    spare.shim.leave();
    return null;
  }

  /** Has missing ones be born. */
  refill(): void {
    while (this.#spares.length < this.#count) {
      const birth = this.#birth();
      const forget = () => {
        const at = this.#spares.indexOf(birth);
        if (at >= 0) this.#spares.splice(at, 1);
      };
      birth.then(({ ended }) => ended.then(forget), forget);
      this.#spares.push(birth);
    }
  }

  [Symbol.dispose](): void {
    this.#count = 0;
    for (const birth of this.#spares.splice(0))
      birth.then(
        ({ shim }) => shim.leave(),
        () => {},
      );
  }
}
