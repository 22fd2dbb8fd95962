import type { ClientSession } from './client-session.ts';

/** With other clients beside it, a client that takes nothing for this long is no longer waited for. */
const stalledBesideOthersMs = 1000;
/** The only client of a terminal is waited for this long; the only client of pipes for as long as it is attached. */
const stalledTerminalMs = 10_000;

/** Looks for clients that have stopped reading, while there is one that is behind: the process does not wait for those. */
export class Stalls {
  readonly #sessions: ReadonlySet<ClientSession>;
  readonly #aloneMs: number;
  readonly #looked: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** `looked` is called after each look. */
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
    for (const session of this.#behind()) if (now - session.lastProgress >= patienceMs) session.stopWaiting();
    this.#looked();
    this.watch();
  }

  #behind(): ClientSession[] {
    return [...this.#sessions].filter((session) => session.blocking && session.behind);
  }
}
