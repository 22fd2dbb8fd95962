import { LikerError } from '../../../common/errors.ts';

/** The calls that are under way, so that a daemon that ends can tell their clients. */
export class OpenCalls {
  readonly #enders = new Set<(reason: Error) => void>();
  #over = false;

  /**
   * `end` is called once when the daemon shuts down; at once when it is doing so already. Answers the function that
   * takes the call off the list.
   */
  add(end: (reason: Error) => void): () => void {
    if (this.#over) {
      end(shuttingDown());
      return () => {};
    }
    this.#enders.add(end);
    return () => this.#enders.delete(end);
  }

  /** Ends all calls, and those to come. */
  shutDown(): void {
    this.#over = true;
    for (const end of [...this.#enders]) end(shuttingDown());
    this.#enders.clear();
  }
}

function shuttingDown(): LikerError {
  return new LikerError('SHUTTING_DOWN', 'The daemon is shutting down: call again once it is back');
}
