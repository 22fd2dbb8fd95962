import { asError } from '../../common/errors.ts';
import type { Invocation } from '../cli/command.ts';
import type { Method } from '../connection/connection.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';

/**
 * Acts on what each name stands for, and prints the result, if any. A failure is printed on one line, the others follow, and the exit code
 * becomes 1. Throws at once if the connection is lost.
 */
export async function forEachName(
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

/** Calls a method for each name on the command line, and prints those for which it succeeds. */
export async function callForEach<Request>(
  { operands, context }: Invocation,
  method: Method<Request, unknown>,
  request: (name: string) => Request,
  forEach: typeof forEachAtOnce = forEachName,
): Promise<number> {
  const connection = await context.connect();
  return forEach(operands, async (name) => {
    await connection.unary(method, request(name));
    return name;
  });
}

/** The operands of commands that take one or more containers. */
export const severalContainers: { readonly usage: string; readonly operands: readonly [number, number] } = {
  usage: 'CONTAINER [CONTAINER...]',
  operands: [1, Number.POSITIVE_INFINITY],
};

/** The number of concurrent calls, as in Docker's client: a thousand at once would delay the daemon's other clients. */
const atOnce = 50;

/** As forEachName, but concurrently, for calls that take long. Prints the results in the order of the names. */
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
  return forEachName(names, (name) => answers.get(name) ?? act(name));
}
