import { setTimeout } from 'node:timers/promises';

/** The longest delay of setTimeout, 24 days. A timer with a longer one fires at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds since the machine booted. Nobody can set this clock, and every likerd of one boot reads the same one. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Resolves with the event, or at that time (milliseconds since the epoch; null: never), after 24 days at the latest. */
export async function atTheLatest(event: Promise<void>, timeMs: number | null): Promise<void> {
  if (timeMs === null) return event;
  const over = new AbortController();
  const ms = Math.min(timeMs - Date.now(), longestTimerMs);
  const timer = setTimeout(ms, undefined, { signal: over.signal, ref: false }).catch(() => {});
  await Promise.race([event, timer]);
  over.abort();
}

/** Wakes everybody who waits for the next change. */
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

  /** Resolves to true once `condition` holds, to false after `ms`. The condition is checked at each notify. */
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
