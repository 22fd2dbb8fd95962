import { setImmediate } from 'node:timers/promises';

/** Begins an iteration. What fails at once, such as a bad filter, is an error of the call; what comes first is not waited for. */
export async function begin<T>(values: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = values[Symbol.asyncIterator]();
  const first = iterator.next();
  first.catch(() => {});
  await Promise.race([first, setImmediate()]);
  return all(first, iterator);
}

/** Waits for what comes first: errors up to there are errors of the call. */
export async function beginFully<T>(values: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = values[Symbol.asyncIterator]();
  const first = iterator.next();
  await first;
  return all(first, iterator);
}

async function* all<T>(first: Promise<IteratorResult<T>>, iterator: AsyncIterator<T>): AsyncIterable<T> {
  try {
    for (let next = await first; next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
