import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** What a handler answers with. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent after the headers, piece by piece. */
  readonly body?: string | AsyncIterable<string | Uint8Array>;
}

const type = 'content-type';

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { [type]: 'application/json' }, body: `${JSON.stringify(value)}\n` };
}

export function empty(status = 204): Answer {
  return { status };
}

/** JSON objects, each with a line of its own. The headers are sent at once. */
export function lines(values: AsyncIterable<unknown>): Answer {
  return { status: 200, headers: { [type]: 'application/json' }, body: inLines(values) };
}

async function* inLines(values: AsyncIterable<unknown>): AsyncIterable<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

/** Bytes, such as an archive. */
export function bytes(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status: 200, headers: { ...headers, [type]: contentType }, body };
}

/** Writes the body as fast as the client takes it. */
export async function send(response: ServerResponse, { status, headers = {}, body }: Answer): Promise<void> {
  const isWhole = typeof body === 'string' || body === undefined;
  const length =
    isWhole && status !== 204 && status !== 304 ? { 'content-length': Buffer.byteLength(body ?? '') } : {};
  response.writeHead(status, { ...headers, ...length });
  if (isWhole) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  for await (const piece of body) {
    if (response.destroyed) return;
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
