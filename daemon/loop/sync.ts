import { setTimeout } from 'node:timers/promises';

/** A timer that is to wait longer, 24 days, is over at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds since the machine started, the same for every likerd of one boot: this clock cannot be set. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Resolves at that time, or after 24 days, or when it is aborted. */
export function untilTime(timeMs: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(timeMs - Date.now(), longestTimerMs);
  return setTimeout(ms, undefined, { signal, ref: false }).catch(() => {});
}

/** Wakes all that wait for the next change. */
export class Notifier {
  #waiters = new Set<() => void>();

  notify(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next notify, or rejects with the signal's reason. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#waiters.delete(wake);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiters.add(wake);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Resolves to true as soon as `condition` holds, to false when the time is over. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const signal = AbortSignal.timeout(Math.min(ms, longestTimerMs));
    while (!condition()) {
      try {
        await this.next(signal);
      } catch {
        return condition() || (ms > longestTimerMs && this.until(condition, ms - longestTimerMs));
      }
    }
    return true;
  }
}
