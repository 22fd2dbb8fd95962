import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/** Bytes that a client may send ahead on a stream, and on its connection. HTTP/2's default is 64 KiB. */
const windowBytes = 1024 * 1024;

interface Created {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

const widened = new WeakSet<ServerHttp2Session>();

/** Widens the window of every connection that carries a call of this service, such as liker.v1.SessionService. */
export function widenInputWindows(service: string): void {
  subscribe('http2.server.stream.created', (message) => {
    const { stream, headers } = message as Created;
    const session = stream.session as ServerHttp2Session | undefined;
    if (!session || widened.has(session) || !headers[':path']?.startsWith(`/${service}/`)) return;
    widened.add(session);
    session.settings({ initialWindowSize: windowBytes });
    session.setLocalWindowSize(windowBytes);
  });
}
