import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { checkDecoded } from '../wire/decoding.ts';
import { answerStream } from './answer-stream.ts';
import { methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';

/** The messages to send. When the client is gone the iteration ends and the signal is aborted. */
type Messages<Request, Response> = (request: Request, signal: AbortSignal) => AsyncIterable<Response>;

/** A handler of a call that only reads. It sends the messages no faster than the client takes them. */
export function serverStream<Request extends object, Response>(
  context: ApiContext,
  messages: Messages<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const { request } = call;
    answerStream(context, call, { mutates: false, subject: () => context.subjectOf(request) }, (signal) => {
      checkDecoded(methodOf(call), request);
      return messages(request, signal);
    });
  };
}
