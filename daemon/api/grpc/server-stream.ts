import { once } from 'node:events';
import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { LikerError } from '../../../common/errors.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { callLog, methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';
import { inWordsOf, toServiceError } from './errors.ts';

/** The messages to send. When the client is gone the iteration ends and the signal is aborted. */
type Messages<Request, Response> = (request: Request, signal: AbortSignal) => AsyncIterable<Response>;

/** A handler of a call that only reads. It sends the messages no faster than the client takes them. */
export function serverStream<Request extends object, Response>(
  context: ApiContext,
  messages: Messages<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const logged = callLog(context.log, call, { mutates: false });
    const gone = new AbortController();
    let over = false;
    let forget = (): void => {};
    const finish = (outcome: unknown): void => {
      if (over) return;
      over = true;
      forget();
      gone.abort(outcome);
      logged(context.subjectOf(call.request), outcome);
      if (outcome === null) call.end();
      else if (!call.cancelled) call.emit('error', toServiceError(outcome, context.log));
    };
    call.on('cancelled', () => finish(new LikerError('CANCELLED', 'The client cancelled the call')));
    forget = context.calls.add(finish);
    if (over) return;
    send(call, messages, gone.signal).then(
      () => finish(null),
      (error: unknown) => finish(inWordsOf(methodOf(call), context.subjectOf(call.request), error)),
    );
  };
}

async function send<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  messages: Messages<Request, Response>,
  signal: AbortSignal,
): Promise<void> {
  checkDecoded(methodOf(call), call.request);
  checkDeadline(call);
  for await (const message of messages(call.request, signal)) {
    if (signal.aborted) return;
    if (!call.write(message)) await once(call, 'drain', { signal });
  }
}
