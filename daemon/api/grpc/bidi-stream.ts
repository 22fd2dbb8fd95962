import { once } from 'node:events';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { LikerError } from '../../../common/errors.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { callLog, methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';
import { inWordsOf, toServiceError } from './errors.ts';

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
  return (call) => {
    const logged = callLog(context.log, call, { mutates: true });
    const gone = new AbortController();
    let over = false;
    let forget = (): void => {};
    const finish = (outcome: unknown): void => {
      if (over) return;
      over = true;
      forget();
      gone.abort(outcome);
      logged(null, outcome);
      if (outcome === null) call.end();
      else if (!call.cancelled) call.emit('error', toServiceError(outcome, context.log));
    };
    call.on('cancelled', () => finish(new LikerError('CANCELLED', 'The client cancelled the call')));
    forget = context.calls.add(finish);
    if (over) return;
    answer(call, messages, gone.signal).then(
      () => finish(null),
      (error: unknown) => finish(inWordsOf(methodOf(call), null, error)),
    );
  };
}

async function answer<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  messages: Messages<Request, Response>,
  signal: AbortSignal,
): Promise<void> {
  checkDeadline(call);
  for await (const message of messages(requestsOf(call, signal), signal)) {
    if (signal.aborted) return;
    if (!call.write(message)) await once(call, 'drain', { signal });
  }
}

/** The call itself is destroyed when a loop over it is left, and then no status can be sent. */
async function* requestsOf<Request>(
  call: ServerDuplexStream<Request, unknown>,
  signal: AbortSignal,
): AsyncGenerator<Request> {
  const method = methodOf(call);
  for await (const request of call.iterator({ destroyOnReturn: false })) {
    signal.throwIfAborted();
    checkDecoded(method, request);
    yield request as Request;
  }
  signal.throwIfAborted();
}
