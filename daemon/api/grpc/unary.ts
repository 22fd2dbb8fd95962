import type { handleUnaryCall } from '@grpc/grpc-js';
import { LikerError } from '../../../common/errors.ts';
import { ownTurn, turnToLook } from '../../loop/turns.ts';
import type { Answer, UnaryCall } from '../wire/call.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { type Peer, peerOf } from '../wire/peer.ts';
import { callLog, methodOf } from './call-log.ts';
import type { ApiContext } from './context.ts';
import { inWordsOf, toServiceError } from './errors.ts';

/** Carries out a call. The signal is aborted when the client is gone or its deadline has passed; without a peer, it is gone. */
type Handle<Request, Response> = (
  request: Request,
  signal: AbortSignal,
  peer: Peer | null,
) => Promise<Response>;

/** Makes unary handlers, for calls that only read and for those that change something. */
export function unaryHandlers(context: ApiContext) {
  return {
    reads: <Request, Response>(handle: Handle<Request, Response>) =>
      unary(context, handle, { mutates: false }),
    changes: <Request, Response>(handle: Handle<Request, Response>) =>
      unary(context, handle, { mutates: true }),
  };
}

/** A handler that carries out the call, answers or maps the error, and logs the call. */
function unary<Request, Response>(
  context: ApiContext,
  handle: Handle<Request, Response>,
  { mutates }: { readonly mutates: boolean },
): handleUnaryCall<Request, Response> {
  return (call: UnaryCall<Request>, callback: Answer<Response>) => {
    const logged = callLog(context.log, call, { mutates });
    const gone = new AbortController();
    let answered = false;
    let forget = (): void => {};
    const answer = (outcome: unknown, response: Response | null): void => {
      if (answered) return;
      answered = true;
      forget();
      logged(context.subjectOf(call.request, response), outcome);
      if (response === null) callback(toServiceError(outcome, context.log));
      else callback(null, response);
    };
    forget = context.calls.add((reason) => answer(reason, null));
    if (answered) return;
    // grpc-js emits 'cancelled' after a normal end, too.
    call.on('cancelled', () => {
      if (!answered) gone.abort(new LikerError('CANCELLED', 'The client cancelled the call'));
    });
    run().then(
      (response) => answer(null, response),
      (error: unknown) => answer(inWordsOf(methodOf(call), context.subjectOf(call.request), error), null),
    );

    async function run(): Promise<Response> {
      await (mutates ? ownTurn() : turnToLook());
      if (answered) throw new LikerError('CANCELLED', 'The call was answered before it was processed');
      checkDecoded(methodOf(call), call.request);
      checkDeadline(call);
      return handle(call.request, gone.signal, peerOf(call));
    }
  };
}
