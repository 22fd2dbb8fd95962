import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { ServerStreamCall } from '../wire/call.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { type Peer, peerOf } from '../wire/peer.ts';
import { answerStream } from './answer-stream.ts';
import { methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';

/** The messages to send. When the client is gone the iteration ends and the signal is aborted; without a peer, it is gone. */
type Messages<Request, Response> = (
  request: Request,
  signal: AbortSignal,
  peer: Peer | null,
) => AsyncIterable<Response>;

/** A handler of a call that only reads, or changes nothing but files. It sends the messages no faster than the client takes them. */
export function serverStream<Request extends object, Response>(
  context: ApiContext,
  messages: Messages<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return (call: ServerStreamCall<Request>) => {
    const { request } = call;
    answerStream(context, call, { mutates: false, subject: () => context.subjectOf(request) }, (signal) => {
      checkDecoded(methodOf(call), request);
      return messages(request, signal, peerOf(call));
    });
  };
}
