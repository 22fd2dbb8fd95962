import type { handleUnaryCall } from '@grpc/grpc-js';
import { LikerError } from '../../../common/errors.ts';
import { ownTurn, turnToLook } from '../../loop/turns.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { callLog, type MethodOptions } from './call-log.ts';
import type { ApiContext } from './context.ts';
import { inWordsOf, toServiceError } from './errors.ts';
import type { Subject } from './subject.ts';

interface UnaryOptions<Request, Response> extends MethodOptions {
  /** Carries out the call. The signal is aborted when the client is gone or its deadline has passed. */
  readonly handle: (request: Request, signal: AbortSignal) => Promise<Response>;
  /** The subject for the log; default: the subject of the request. */
  readonly subject?: (request: Request, response: Response | null) => Subject | null;
}

/** A unary handler: carries out the call, answers or maps the error, and logs the call. */
export function unary<Request, Response>(
  context: ApiContext,
  options: UnaryOptions<Request, Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const logged = callLog(context.log, call, options);
    const gone = new AbortController();
    let answered = false;
    let forget = (): void => {};
    const answer = (outcome: unknown, response: Response | null): void => {
      if (answered) return;
      answered = true;
      forget();
      logged((options.subject ?? context.subjectOf)(call.request, response), outcome);
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
      (error: unknown) => answer(inWordsOf(options.method, context.subjectOf(call.request), error), null),
    );

    async function run(): Promise<Response> {
      await (options.mutates ? ownTurn() : turnToLook());
      if (answered) throw new LikerError('CANCELLED', 'The call was answered before its turn came');
      checkDecoded(options.method, call.request);
      checkDeadline(call);
      return options.handle(call.request, gone.signal);
    }
  };
}
