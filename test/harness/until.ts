import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: it only ends a test that hangs; it is not a measure of speed. */
export const hangMs = Number(process.env['LIKER_HANG_MS'] ?? 60_000);

export interface UntilOptions {
  readonly deadlineMs?: number;
  readonly everyMs?: number;
}

/**
 * Polls `probe` until its result is neither false, null nor undefined, where there is no event to wait for. An error of `probe`
 * counts as "not yet". Rejects after the deadline with `what`.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadlineMs = hangMs, everyMs = 10 }: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      last = await probe();
      if (last !== false && last !== null && last !== undefined)
        return last as Exclude<T, false | null | undefined>;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`Waited ${deadlineMs} ms in vain: ${what} (last: ${String(last)})`);
    await sleep(everyMs);
  }
}

/** The promise's result, or an error that says what hangs and, with `state`, how far it got. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  { deadlineMs = hangMs, state = () => '' }: { deadlineMs?: number; state?: () => string } = {},
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Hangs after ${deadlineMs} ms: ${what}\n${state()}`)),
    deadlineMs,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
