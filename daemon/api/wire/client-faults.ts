import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** What grpc-js says with INTERNAL about a client's own headers and messages. */
const faults = /^(Failed%20to%20decompress%20message$|Invalid%20grpc-timeout%20value%20)/;
const internal = 13;
const invalidArgument = 3;

/** Answers INVALID_ARGUMENT to a deadline that is none, and to a message that is not compressed as the client says. */
export function blameClients(): void {
  subscribe('http2.server.stream.created', (message) => {
    const { stream, headers } = message as { stream: ServerHttp2Stream; headers: IncomingHttpHeaders };
    if (!mayBeFaulty(headers)) return;
    const respond = stream.respond.bind(stream);
    const sendTrailers = stream.sendTrailers.bind(stream);
    stream.respond = (sent, options) => respond(sent && blamed(sent), options);
    stream.sendTrailers = (sent) => sendTrailers(blamed(sent));
  });
}

/** Most calls have neither header, or one as it should be. */
function mayBeFaulty(headers: IncomingHttpHeaders): boolean {
  const { 'grpc-timeout': timeout = '1S', 'grpc-encoding': encoding = 'identity' } = headers;
  return encoding !== 'identity' || !/^\d{1,8}[HMSmun]$/.test(String(timeout));
}

function blamed<Headers extends object>(headers: Headers): Headers {
  const { 'grpc-status': code, 'grpc-message': message } = headers as OutgoingHttpHeaders;
  const isFault = code === internal && faults.test(String(message));
  return isFault ? { ...headers, 'grpc-status': invalidArgument } : headers;
}
