// Turns of the event loop, handed out one at a time: when hundreds of containers end or are asked for at once, what each of
// them needs is done in a turn of its own, and between two turns the loop serves everybody else.

const work: (() => void)[] = [];
const looks: (() => void)[] = [];
let taken = false;

/** Resolves at once, or in a turn in which no other work is done. In the order of the calls. */
export function ownTurn(): Promise<void> {
  return turnFrom(work);
}

/** As ownTurn, for what only looks: it does not wait behind work. */
export function turnToLook(): Promise<void> {
  return turnFrom(looks);
}

function turnFrom(waiting: (() => void)[]): Promise<void> {
  if (taken) return new Promise((resolve) => waiting.push(resolve));
  taken = true;
  setImmediate(next);
  return Promise.resolve();
}

/** setImmediate comes once in a turn, after input was read and before timers. */
function next(): void {
  const granted = [looks.shift(), work.shift()];
  taken = granted.some((resolve) => resolve !== undefined);
  if (!taken) return;
  setImmediate(next);
  for (const resolve of granted) resolve?.();
}

/** How long work of many parts may hold up everybody else. */
const sliceMs = 5;

/** Work on many things, as a look at hundreds of containers, cut into turns of some milliseconds. */
export class Slices {
  #end = 0;

  /** It is time to let others in: `if (slices.over) await slices.next()` before each thing. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  async next(): Promise<void> {
    await turnToLook();
    this.#end = performance.now() + sliceMs;
  }
}
