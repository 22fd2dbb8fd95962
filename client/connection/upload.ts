import { type EventEmitter, once } from 'node:events';
import { asError } from '../../common/errors.ts';
import type { Connection, Method } from './connection.ts';

/**
 * Sends requests as fast as the daemon takes them, and yields its responses meanwhile. When the requests cannot be read, the call is
 * cancelled and their error thrown; when the call fails, its own, and no more requests are read. The signal cancels it.
 */
export async function* upload<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  requests: AsyncIterable<Request>,
  signal?: AbortSignal,
): AsyncGenerator<Response> {
  await connection.agree();
  const call = connection.bidiStream(method);
  const cancel = (): void => call.cancel();
  signal?.addEventListener('abort', cancel);
  let unreadable: unknown = null;
  const over = new AbortController();
  let isReading = false;
  const send = async (): Promise<void> => {
    isReading = true;
    for await (const request of requests) {
      isReading = false;
      if (over.signal.aborted) return;
      if (!call.write(request)) await hasRoom(call, over.signal);
      isReading = true;
    }
    isReading = false;
    call.end();
  };
  const sent = send().catch((error: unknown) => {
    if (!over.signal.aborted) unreadable = error;
    call.cancel();
  });
  try {
    yield* call.messages();
  } catch (error) {
    if (unreadable !== null) throw unreadable;
    throw connection.explain(asError(error));
  } finally {
    over.abort();
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
  // A source may give nothing for ever, such as a terminal.
  if (!isReading) await sent;
}

/** Resolves when more can be written, or the call is closed. Rejects when it is over: it may have been closed before. */
async function hasRoom(call: EventEmitter, over: AbortSignal): Promise<void> {
  const waits = new AbortController();
  const signal = AbortSignal.any([waits.signal, over]);
  try {
    await Promise.race(['drain', 'close'].map((event) => once(call, event, { signal })));
  } finally {
    waits.abort();
  }
}

/** The requests of an upload of an archive. */
export async function* archiveRequests<Start>(
  start: Start,
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ start: Start } | { data: Uint8Array } | { end: object }> {
  yield { start };
  for await (const data of archive) yield { data };
  yield { end: {} };
}
