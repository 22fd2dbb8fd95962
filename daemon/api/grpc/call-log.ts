import { type AnsweredCall, answeredCalls } from '../../../common/channels.ts';
import { LikerError } from '../../../common/errors.ts';
import type { Log, LogFields } from '../../host/log.ts';
import { peerOf } from '../wire/peer.ts';
import type { Subject } from './context.ts';

/** Such as StopContainer. */
export function methodOf(call: { getPath(): string }): string {
  return call.getPath().slice(call.getPath().lastIndexOf('/') + 1);
}

/**
 * Notes the caller and the time. The returned function logs the outcome of the call; only its first call counts. Calls that change
 * something are logged at info, the others at debug.
 */
export function callLog(
  log: Log,
  call: { getPeer(): string; getPath(): string },
  { mutates }: { readonly mutates: boolean },
): (subject: Subject | null, outcome: unknown) => void {
  const method = methodOf(call);
  const peer = peerOf(call);
  const startedAt = performance.now();
  let written = false;
  return (subject, outcome) => {
    if (written) return;
    written = true;
    const ms = performance.now() - startedAt;
    const result = outcomeFields(outcome);
    if (answeredCalls.hasSubscribers) {
      answeredCalls.publish({ method, code: result.code, ms } satisfies AnsweredCall);
    }
    const fields: LogFields = {
      method,
      ...(subject && { [subject.kind]: subject.name }),
      peerUid: peer?.uid,
      peerPid: peer?.pid,
      ...result,
      ms: Math.round(ms * 10) / 10,
    };
    if (mutates) log.info('call', fields);
    else log.debug('call', fields);
  };
}

function outcomeFields(outcome: unknown): LogFields & { readonly code: string } {
  if (outcome === null) return { code: 'OK' };
  if (!(outcome instanceof LikerError)) return { code: 'INTERNAL', reason: 'INTERNAL' };
  return { code: outcome.status, reason: outcome.reason, error: outcome.message };
}
