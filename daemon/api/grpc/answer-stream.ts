import { once } from 'node:events';
import { LikerError } from '../../../common/errors.ts';
import type { AnsweredCall } from '../wire/call.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { callLog, methodOf } from './call-log.ts';
import type { ApiContext, Subject } from './context.ts';
import { inWordsOf, toServiceError } from './errors.ts';

/**
 * Sends a call its messages, no faster than the client takes them, and its status. When the client is gone the iteration ends and the
 * signal is aborted.
 */
export function answerStream<Response>(
  context: ApiContext,
  call: AnsweredCall,
  { mutates, subject }: { readonly mutates: boolean; readonly subject: () => Subject | null },
  messages: (signal: AbortSignal) => AsyncIterable<Response>,
): void {
  const logged = callLog(context.log, call, { mutates });
  const gone = new AbortController();
  let over = false;
  let forget = (): void => {};
  const finish = (outcome: unknown): void => {
    if (over) return;
    over = true;
    forget();
    gone.abort(outcome);
    logged(subject(), outcome);
    if (outcome === null) call.end();
    else if (!call.cancelled) call.emit('error', toServiceError(outcome, context.log));
  };
  call.on('cancelled', () => finish(new LikerError('CANCELLED', 'The client cancelled the call')));
  forget = context.calls.add(finish);
  if (over) return;
  send(call, messages, gone.signal).then(
    () => finish(null),
    (error: unknown) => finish(inWordsOf(methodOf(call), subject(), error)),
  );
}

async function send<Response>(
  call: AnsweredCall,
  messages: (signal: AbortSignal) => AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  checkDeadline(call);
  for await (const message of messages(signal)) {
    if (signal.aborted) return;
    if (!call.write(message)) await once(call, 'drain', { signal });
  }
}
