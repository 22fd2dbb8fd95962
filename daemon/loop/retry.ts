import timers from 'node:timers/promises';

/** Pauses between attempts, in milliseconds: each is twice the one before, up to the longest. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds to wait after this many earlier pauses. */
export function pauseAfter({ firstMs, longestMs }: Pauses, earlier: number): number {
  return Math.min(firstMs * 2 ** earlier, longestMs);
}

/**
 * Repeats an attempt that has just failed, first after a pause, until it answers true or `signal` is aborted. An error of
 * `attempt` ends it. Does not keep the process alive.
 */
export async function retry(
  attempt: () => boolean | Promise<boolean>,
  pauses: Pauses,
  signal?: AbortSignal,
): Promise<void> {
  const options = { ref: false, ...(signal && { signal }) };
  for (let earlier = 0; ; earlier += 1) {
    // Rejects when it is aborted.
    await timers.setTimeout(pauseAfter(pauses, earlier), undefined, options).catch(() => {});
    if (signal?.aborted || (await attempt())) return;
  }
}
