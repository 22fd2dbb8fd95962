import type { Socket } from 'node:net';

/** A request whose connection belongs to a process from its answer on. */
export interface Takeover {
  readonly method: string;
  readonly url: string;
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Paused. It begins with what the client sent after the body. */
  readonly socket: Socket;
}

/** Longer heads, and larger bodies, are left to the server of HTTP, which refuses them. */
const maxHeadBytes = 64 * 1024;
const maxBodyBytes = 1024 * 1024;

type Head = Pick<Takeover, 'method' | 'url' | 'headers'>;

/**
 * Reads a request from its first bytes. `more`: it is not complete. Null: it does not take over its connection, or is for the server
 * of HTTP to refuse.
 */
export function readTakeover(
  bytes: Buffer,
  takes: (method: string, url: string) => boolean,
): { readonly head: Head; readonly body: Buffer; readonly rest: Buffer } | 'more' | null {
  const lineEnd = bytes.indexOf('\r\n');
  if (lineEnd < 0) return bytes.length < maxHeadBytes ? 'more' : null;
  const [, method = '', url = ''] =
    /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(bytes.toString('latin1', 0, lineEnd)) ?? [];
  if (!takes(method, url)) return null;
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return bytes.length < maxHeadBytes ? 'more' : null;
  const headers = readHeaders(bytes.toString('latin1', lineEnd + 2, headEnd + 2));
  const length = headers?.get('content-length') ?? '0';
  if (headers === null || headers.has('transfer-encoding') || !/^\d{1,7}$/.test(length)) return null;
  const bodyEnd = headEnd + 4 + Number(length);
  if (Number(length) > maxBodyBytes) return null;
  if (bytes.length < bodyEnd) return 'more';
  return {
    head: { method, url, headers },
    body: bytes.subarray(headEnd + 4, bodyEnd),
    rest: bytes.subarray(bodyEnd),
  };
}

/** Null for lines that are no headers, and for one that is given twice with two values. */
function readHeaders(text: string): Map<string, string> | null {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n').slice(0, -1)) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (name === '' || (headers.get(key) ?? value) !== value) return null;
    headers.set(key, value);
  }
  return headers;
}
