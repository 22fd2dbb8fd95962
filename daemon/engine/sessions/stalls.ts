import type { ClientSession } from './client-session.ts';

/** Beside other clients, a client that takes nothing for this long is considered stalled. */
const stalledBesideOthersMs = 1000;
/** The same for the only client of a terminal. The only client of pipes never counts as stalled. */
const stalledTerminalMs = 10_000;

/** Detects clients that have stopped reading, so that the process does not wait for them. Checks as long as a client is behind. */
export class Stalls {
  readonly #sessions: ReadonlySet<ClientSession>;
  readonly #aloneMs: number;
  readonly #looked: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** `looked` is called after each check. */
  constructor(sessions: ReadonlySet<ClientSession>, isTerminal: boolean, looked: () => void) {
    this.#sessions = sessions;
    this.#aloneMs = isTerminal ? stalledTerminalMs : Infinity;
    this.#looked = looked;
  }

  watch(): void {
    if (this.#timer || this.#behind().length === 0) return;
    this.#timer = setTimeout(() => this.#look(), stalledBesideOthersMs / 4).unref();
  }

  #look(): void {
    this.#timer = null;
    const patienceMs = this.#sessions.size > 1 ? stalledBesideOthersMs : this.#aloneMs;
    const now = performance.now();
    for (const session of this.#behind())
      if (now - session.queue.lastProgress >= patienceMs) session.stopWaiting();
    this.#looked();
    this.watch();
  }

  #behind(): ClientSession[] {
    return [...this.#sessions].filter((session) => session.blocking && session.behind);
  }
}
