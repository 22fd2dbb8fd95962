import timers from 'node:timers/promises';

/** Pauses between attempts: each is twice as long as the previous one, up to the longest. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds of the pause that follows this many earlier ones. */
export function pauseAfter({ firstMs, longestMs }: Pauses, earlier: number): number {
  return Math.min(firstMs * 2 ** earlier, longestMs);
}

/**
 * Repeats an attempt that has just failed, until it returns true or `signal` is aborted. The first repetition comes after the
 * first pause. Rejects with an error that `attempt` throws. Does not keep the process alive.
 */
export async function retry(
  attempt: () => boolean | Promise<boolean>,
  pauses: Pauses,
  signal?: AbortSignal,
): Promise<void> {
  const options = { ref: false, ...(signal && { signal }) };
  for (let earlier = 0; ; earlier += 1) {
    // It rejects when the signal is aborted.
    await timers.setTimeout(pauseAfter(pauses, earlier), undefined, options).catch(() => {});
    if (signal?.aborted || (await attempt())) return;
  }
}
