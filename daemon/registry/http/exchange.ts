import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Outgoing {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly headers: Headers;
  /** Its length is in the headers. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly agent: Agent;
  /** The request fails if its bytes do not get on for so long. */
  readonly stallMs: number;
  /** The request fails if it is not answered so long after its last byte. */
  readonly answerMs: number;
}

/** Nothing came, or went, for so long. */
export class Stalled extends Error {
  override readonly name = 'Stalled';
}

/**
 * Sends a request and resolves with the head of the response, whose body the caller has to read or destroy. A kept connection that
 * the server had just closed is replaced once.
 */
export async function exchange(url: URL, outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
  const { body } = outgoing;
  const first = start(url, outgoing, signal);
  try {
    return await answerTo(first, outgoing);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isStale = first.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
    if (!isStale || signal.aborted || !(body === undefined || body instanceof Uint8Array)) throw error;
    return await answerTo(start(url, outgoing, signal), outgoing);
  }
}

function start(url: URL, { method, headers, agent }: Outgoing, signal: AbortSignal): ClientRequest {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return request(url, { method, headers: headers as OutgoingHttpHeaders, agent, signal });
}

async function answerTo(request: ClientRequest, outgoing: Outgoing): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.on('response', resolve);
  // Errors after the response are those of its body.
  request.on('error', reject);
  request.on('close', () => reject(new Stalled('the connection was closed')));
  const give = (ms: number): NodeJS.Timeout =>
    setTimeout(() => request.destroy(new Stalled(`no answer for ${ms / 1000} s`)), ms);
  let timer = give(outgoing.stallMs);
  promise.then(
    () => clearTimeout(timer),
    () => clearTimeout(timer),
  );
  const sent = send(request, outgoing, () => timer.refresh()).then(
    () => {
      clearTimeout(timer);
      timer = give(outgoing.answerMs);
      // The response may have come before the last byte was sent.
      promise.finally(() => clearTimeout(timer)).catch(() => {});
    },
    (error: unknown) => {
      request.destroy(error as Error);
      reject(error);
    },
  );
  const response = await promise;
  // A refusal need not wait until all has been sent.
  if ((response.statusCode ?? 0) < 400) await Promise.race([sent, closed(request)]);
  return response;
}

async function send(request: ClientRequest, { body }: Outgoing, progress: () => void): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    request.end(body);
    return;
  }
  for await (const chunk of body) {
    if (request.destroyed || request.writableEnded) return;
    if (request.write(chunk)) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    request.once('drain', resolve);
    request.once('close', resolve);
    await promise;
    request.off('drain', resolve);
    request.off('close', resolve);
    progress();
  }
  request.end();
}

async function closed(request: ClientRequest): Promise<void> {
  if (request.destroyed) return;
  await new Promise<void>((resolve) => request.once('close', () => resolve()));
}

/** The first `limit` bytes of a body, and whether there were more. Throws Stalled. */
export async function readBody(
  response: IncomingMessage,
  limit: number,
  stallMs: number,
): Promise<{ readonly bytes: Buffer; readonly whole: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bodyOf(response, stallMs)) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop destroys the connection.
    if (length > limit) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: length <= limit };
}

/** The chunks of a body. Throws Stalled when none comes for `stallMs` while one is waited for. */
export async function* bodyOf(
  response: IncomingMessage,
  stallMs: number,
): AsyncGenerator<Buffer, void, void> {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) response.destroy(new Stalled(`no byte for ${stallMs / 1000} s`));
  }, stallMs);
  const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
  try {
    while (true) {
      waiting = true;
      timer.refresh();
      const { done, value } = await chunks.next();
      waiting = false;
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    await chunks.return?.();
    response.destroy();
  }
}
