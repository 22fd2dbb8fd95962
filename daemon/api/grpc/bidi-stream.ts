import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { BidiCall } from '../wire/call.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { answerStream } from './answer-stream.ts';
import { methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';

/** The messages to send while those of the client come. When the client is gone the iterations end and the signal is aborted. */
type Messages<Request, Response> = (
  requests: AsyncIterable<Request>,
  signal: AbortSignal,
) => AsyncIterable<Response>;

/**
 * A handler of a call with a stream each way, such as an upload. Requests are taken no faster than they are asked for. That they end is no
 * proof that the client has sent all: give the last one a sign of its own.
 */
export function bidiStream<Request extends object, Response>(
  context: ApiContext,
  messages: Messages<Request, Response>,
): handleBidiStreamingCall<Request, Response> {
  return (call: BidiCall<Request>) =>
    answerStream(context, call, { mutates: true, subject: () => null }, (signal) =>
      messages(requestsOf(call, signal), signal),
    );
}

/** The call itself is destroyed when a loop over it is left, and then no status can be sent. */
async function* requestsOf<Request>(call: BidiCall<Request>, signal: AbortSignal): AsyncGenerator<Request> {
  const method = methodOf(call);
  for await (const request of call.iterator({ destroyOnReturn: false })) {
    signal.throwIfAborted();
    checkDecoded(method, request);
    yield request as Request;
  }
  signal.throwIfAborted();
}
