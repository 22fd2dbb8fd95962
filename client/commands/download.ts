import { asError, badArgument } from '../../common/errors.ts';

/** The bytes at a URL, which the client fetches: likerd makes no connection because of a request. Throws BAD_ARGUMENT. */
export async function* download(url: string): AsyncGenerator<Uint8Array> {
  const cannot = (why: string, cause?: unknown): Error =>
    Object.assign(badArgument('input', `Cannot fetch '${url}': ${why}`), { cause });
  try {
    const response = await fetch(url);
    if (!response.ok || response.body === null)
      throw cannot(`the server answers ${response.status} ${response.statusText}`.trim());
    yield* response.body;
  } catch (error) {
    const { message, cause } = asError(error);
    // The reason is in the cause: the message is "fetch failed".
    if (error instanceof TypeError) throw cannot(cause instanceof Error ? cause.message : message, error);
    throw error;
  }
}
