// Turns of the event loop, handed out one at a time. When hundreds of containers end or are requested at once, the work for each
// is done in a turn of its own, and between two turns the loop serves everybody else.

const work: (() => void)[] = [];
const looks: (() => void)[] = [];
let taken = false;

/** Resolves at once if no other work has this turn, or else in a later turn, in the order of the calls. */
export function ownTurn(): Promise<void> {
  return turnFrom(work);
}

/** Like ownTurn, for calls that only read: they do not queue behind work. */
export function turnToLook(): Promise<void> {
  return turnFrom(looks);
}

function turnFrom(waiting: (() => void)[]): Promise<void> {
  if (taken) return new Promise((resolve) => waiting.push(resolve));
  taken = true;
  setImmediate(next);
  return Promise.resolve();
}

/** setImmediate runs once in a turn, after input was read and before timers. */
function next(): void {
  const granted = [looks.shift(), work.shift()];
  taken = granted.some((resolve) => resolve !== undefined);
  if (!taken) return;
  setImmediate(next);
  for (const resolve of granted) resolve?.();
}

/** How long one slice may hold up everybody else. */
const sliceMs = 5;

/** Cuts work on many items, such as a look at hundreds of containers, into slices of a few milliseconds. */
export class Slices {
  #end = 0;

  /** The slice is used up. Call `if (slices.over) await slices.next()` before each item. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  async next(): Promise<void> {
    await turnToLook();
    this.#end = performance.now() + sliceMs;
  }
}
