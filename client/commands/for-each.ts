import { asError } from '../../common/errors.ts';
import { isConnectionLoss } from '../connection/service-error.ts';
import { notice } from '../output/notice.ts';

/**
 * Does something to each container and prints what it answers. One that fails is said on one line and the others
 * follow; the exit code is then 1. Without a daemon one line is enough.
 */
export async function forEachContainer(
  names: readonly string[],
  act: (name: string) => Promise<string>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      process.stdout.write(`${await act(name)}\n`);
    } catch (thrown) {
      const error = asError(thrown);
      if (isConnectionLoss(error)) throw error;
      notice(error.message);
      code = 1;
    }
  }
  return code;
}

/** Operands of the commands that take one or more containers. */
export const severalContainers: { readonly usage: string; readonly operands: readonly [number, number] } = {
  usage: 'CONTAINER [CONTAINER...]',
  operands: [1, Number.POSITIVE_INFINITY],
};

/** The same to all of them at once, since each takes its time; the answers come in the order of the names. */
export async function forEachAtOnce(
  names: readonly string[],
  act: (name: string) => Promise<string>,
): Promise<number> {
  const started = new Map(names.map((name) => [name, act(name)]));
  for (const promise of started.values()) promise.catch(() => {});
  return forEachContainer(names, (name) => started.get(name) ?? act(name));
}
