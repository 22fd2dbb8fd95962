/**
 * Acts on all items at once. When one fails, the signal of the others is aborted, and its error thrown once all have ended. When
 * `signal` is aborted, its reason is thrown.
 */
export async function together<Item, Result>(
  items: Iterable<Item>,
  act: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(
    [...items].map((item) =>
      act(item, either).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
