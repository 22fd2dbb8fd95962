import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/**
 * Bytes that a client may send ahead on a stream of a session, and on its connection. HTTP/2's default of 64 KiB costs a
 * round trip for each chunk of stdin.
 */
const windowBytes = 1024 * 1024;

interface Created {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

const widened = new WeakSet<ServerHttp2Session>();

/** Makes room for stdin on every connection that carries a session. grpc-js has an option for it in clients only. */
export function widenInputWindows(): void {
  subscribe('http2.server.stream.created', widen);
}

function widen(message: unknown): void {
  const { stream, headers } = message as Created;
  const session = stream.session as ServerHttp2Session | undefined;
  if (!session || widened.has(session) || !headers[':path']?.startsWith('/liker.v1.SessionService/')) return;
  widened.add(session);
  session.settings({ initialWindowSize: windowBytes });
  session.setLocalWindowSize(windowBytes);
}
