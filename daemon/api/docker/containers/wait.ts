import type { ExitStatus } from '../../../engine/process/exit-status.ts';
import type { Door } from '../door.ts';
import { type Answer, lines } from '../http/answer.ts';
import { type Call, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';

const conditions = ['not-running', 'next-exit', 'removed'] as const;

/** The client starts the container once it has the head of this answer, so it waits from then on. */
export async function waitContainer({ engine }: Door, call: Call): Promise<Answer> {
  const asked = call.query.get('condition') || 'not-running';
  const condition = conditions.find((word) => word === asked);
  if (condition === undefined)
    throw new HttpError(400, `invalid condition: "${asked}": use ${conditions.join(', ')}`);
  const { id } = await engine.containers.get(nameOf(call), { withSize: false });
  const exit = engine.containers.wait(id, condition, { knownExit: null, signal: call.signal });
  exit.catch(() => {});
  return lines(answerOf(exit));
}

async function* answerOf(exit: Promise<ExitStatus | null>): AsyncIterable<object> {
  yield { StatusCode: (await exit)?.code ?? 0 };
}
