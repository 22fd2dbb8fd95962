import { asError } from '../../../common/errors.ts';
import type { Log } from '../../host/log.ts';
import { retry } from '../../loop/retry.ts';
import { StoreError } from '../../store/errors.ts';

const pauses = { firstMs: 100, longestMs: 5_000 };
/** Limit above which changes that are not needed are dropped, so that a disk that stays full does not fill the memory. */
const maxWaiting = 10_000;

/**
 * Keeps changes that could not be stored, as on a full disk, and stores them in order once the disk takes them. It tries again with
 * growing pauses, and before each later change.
 */
export class Backlog {
  readonly #transaction: (change: () => void) => void;
  readonly #log: Log;
  #waiting: (() => void)[] = [];
  #dropped = 0;
  #failure: StoreError | null = null;
  #retrying: AbortController | null = null;

  constructor(transaction: (change: () => void) => void, log: Log) {
    this.#transaction = transaction;
    this.#log = log;
  }

  /** How many changes wait, and why; null when all are stored. */
  get problem(): string | null {
    if (!this.#failure) return null;
    return `${this.#waiting.length} changes are kept in memory only: ${this.#failure.message}`;
  }

  /** Stores a change now, or later if the disk does not take it. */
  keep(write: () => void, { needed }: { readonly needed: boolean }): void {
    if (this.#waiting.length === 0) {
      try {
        this.#transaction(write);
        return;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#fail(error);
      }
    }
    if (!needed && this.#waiting.length >= maxWaiting) this.#dropped += 1;
    else this.#waiting.push(write);
    this.#retryLater();
  }

  /** Runs the action once everything kept before it is stored. */
  after(action: () => void): void {
    if (this.#waiting.length === 0) action();
    else this.#waiting.push(action);
  }

  /** Stores everything that waits, or throws StoreError. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
        this.#store(first);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#fail(error as StoreError);
      throw error;
    }
    this.#log.info('changes are stored again', { droppedEvents: this.#dropped });
    this.#failure = null;
    this.#dropped = 0;
    this.#retrying?.abort();
    this.#retrying = null;
  }

  /** As flush, but returns false instead of throwing. */
  tryNow(): boolean {
    try {
      this.flush();
      return true;
    } catch {
      return false;
    }
  }

  /** Tries a last time. */
  [Symbol.dispose](): void {
    this.tryNow();
    this.#retrying?.abort();
    if (this.#failure) this.#log.error('changes were not stored', { problem: this.problem });
  }

  /** A change that fails for another reason than the disk is a bug, and must not block those behind it. */
  #store(write: () => void): void {
    try {
      this.#transaction(write);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      this.#log.error('cannot store a change', { error: asError(error) });
    }
  }

  #fail(error: StoreError): void {
    if (this.#failure?.problem !== error.problem)
      this.#log.error('cannot store changes; they are kept in memory', { error: error.message });
    this.#failure = error;
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = new AbortController();
    void retry(() => this.tryNow(), pauses, this.#retrying.signal);
  }
}
