import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';

/** A call as bytes: what a library would not let through. */
export interface RawCall {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Written one after the other. */
  readonly chunks: readonly Buffer[];
  /** Whether the client says that it sends no more. */
  readonly ends: boolean;
  /** The client gives up after so long; `resets` at once after its last chunk. */
  readonly patienceMs: number;
  readonly resets?: boolean;
  /** The client reads nothing of the answer. */
  readonly isDeaf?: boolean;
}

export interface Answer {
  readonly call: RawCall;
  readonly httpStatus: number | null;
  /** Null: the client gave up, or the connection ended first. */
  readonly code: number | null;
  readonly message: string;
}

/** RST_STREAM's error code CANCEL (RFC 9113, section 7). */
const cancel = 8;

/** A message as gRPC frames it: a flag for compression and the length. */
export function framed(message: Buffer, length = message.length, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, message]);
}

/** Makes a call. Resolves with what came until its end; never rejects. */
export function makeCall(session: ClientHttp2Session, call: RawCall): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let [httpStatus, code, message]: [number | null, number | null, string] = [null, null, ''];
  const note = (headers: Record<string, unknown>): void => {
    if (headers[':status'] !== undefined) httpStatus = Number(headers[':status']);
    if (headers['grpc-status'] !== undefined) code = Number(headers['grpc-status']);
    message += String(headers['grpc-message'] ?? '');
  };
  const over = (): void => resolve({ call, httpStatus, code, message: decoded(message) });
  if (session.destroyed || session.closed) {
    over();
    return promise;
  }
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': call.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...call.headers,
    },
    { endStream: false },
  );
  const patience = setTimeout(() => {
    stream.close(cancel);
    // A client that has read nothing would not hear of its end.
    stream.destroy();
  }, call.patienceMs);
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('error', () => {});
  stream.on('close', () => {
    clearTimeout(patience);
    over();
  });
  if (!call.isDeaf) stream.resume();
  for (const chunk of call.chunks) stream.write(chunk);
  if (call.resets) stream.close(cancel);
  else if (call.ends) stream.end();
  return promise;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
