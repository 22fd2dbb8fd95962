import { LikerError } from '../../../common/errors.ts';
import { type NetworkPlace, netlinkInThread } from '../../native/libliker.ts';
import { type Answer, decodeAnswers, encodeRequests, type Refusal, type Request } from './netlink.ts';

/** Sends requests in a thread, until the kernel refuses one. */
export async function tryAsking(
  place: NetworkPlace,
  requests: readonly Request[],
  family?: number,
): Promise<{ readonly answers: readonly Answer[]; readonly refused: Refusal | null }> {
  return decodeAnswers(
    await netlinkInThread(place, encodeRequests(requests), family === undefined ? {} : { family }),
  );
}

/** Sends requests in a thread. Throws SYSCALL with the kernel's words if it refuses one. `what`: what they do, after "Cannot". */
export async function ask(
  place: NetworkPlace,
  what: string,
  requests: readonly Request[],
): Promise<readonly Answer[]> {
  const { answers, refused } = await tryAsking(place, requests);
  if (refused !== null) throw refusedBy(what, refused);
  return answers;
}

export function refusedBy(what: string, { errno, words }: Refusal): LikerError {
  return new LikerError('SYSCALL', `Cannot ${what}: the kernel refused it (${words || errno})`, {
    syscall: { step: 'connect', syscall: 'netlink', errno, object: what },
    metadata: { object: what, errno },
  });
}
