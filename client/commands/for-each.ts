import { asError } from '../../common/errors.ts';
import type { Invocation } from '../cli/command.ts';
import type { Method } from '../connection/connection.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';

/**
 * Does something to each container and prints what it answers, if anything. One that fails is said on one line and the others
 * follow; the exit code is then 1. Without a daemon one line is enough.
 */
export async function forEachContainer(
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      const answer = await act(name);
      if (answer !== undefined) printLines([answer]);
    } catch (thrown) {
      const error = asError(thrown);
      if (isConnectionLoss(error)) throw error;
      notice(error.message);
      code = 1;
    }
  }
  return code;
}

/** Calls a method for each container that the command line names, and prints the name of each for which it succeeds. */
export async function callForEach<Request>(
  { operands, context }: Invocation,
  method: Method<Request, unknown>,
  request: (container: string) => Request,
  forEach: typeof forEachAtOnce = forEachContainer,
): Promise<number> {
  const connection = await context.connect();
  return forEach(operands, async (container) => {
    await connection.unary(method, request(container));
    return container;
  });
}

/** Operands of the commands that take one or more containers. */
export const severalContainers: { readonly usage: string; readonly operands: readonly [number, number] } = {
  usage: 'CONTAINER [CONTAINER...]',
  operands: [1, Number.POSITIVE_INFINITY],
};

/** Calls that are under way at a time, as Docker's client has it: a thousand at once would hold up the daemon's other clients. */
const atOnce = 50;

/** The same to many of them at once, since each takes its time; the answers come in the order of the names. */
export async function forEachAtOnce(
  names: readonly string[],
  act: (name: string) => Promise<string>,
): Promise<number> {
  const left = [...new Set(names)].map((name) => ({ name, answer: Promise.withResolvers<string>() }));
  const answers = new Map(left.map(({ name, answer }) => [name, answer.promise]));
  for (const answer of answers.values()) answer.catch(() => {});
  const next = (): void => {
    const call = left.shift();
    if (call) act(call.name).then(call.answer.resolve, call.answer.reject).finally(next);
  };
  for (let under = 0; under < atOnce; under++) next();
  return forEachContainer(names, (name) => answers.get(name) ?? act(name));
}
