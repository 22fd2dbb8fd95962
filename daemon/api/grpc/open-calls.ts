import { LikerError } from '../../../common/errors.ts';

/** The calls in progress, so that the daemon can tell their clients when it shuts down. */
export class OpenCalls {
  readonly #enders = new Set<(reason: Error) => void>();
  #over = false;
  #begun = 0;

  /** How many there were so far. */
  get begun(): number {
    return this.#begun;
  }

  /** Calls `end` once when the daemon shuts down, or at once if it already does. Returns the function that removes the call. */
  add(end: (reason: Error) => void): () => void {
    this.#begun += 1;
    if (this.#over) {
      end(shuttingDown());
      return () => {};
    }
    this.#enders.add(end);
    return () => this.#enders.delete(end);
  }

  /** Ends all calls, and every later one. */
  shutDown(): void {
    this.#over = true;
    for (const end of [...this.#enders]) end(shuttingDown());
    this.#enders.clear();
  }
}

function shuttingDown(): LikerError {
  return new LikerError('SHUTTING_DOWN', 'The daemon is shutting down; try again once it is back');
}
