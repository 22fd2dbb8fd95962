import type { EngineContext } from '../../context.ts';
import { requireStaying } from '../../leaving.ts';
import type { Container } from '../model/container.ts';

/**
 * Runs the task once all earlier ones of the container are done; without a task it only waits for them. Throws LeavingError if likerd has
 * left the container to the next daemon by then.
 */
export function inTurn<T = void>(
  context: EngineContext,
  container: Container,
  task?: () => Promise<T> | T,
): Promise<T> {
  return container.verbs.run(async () => {
    requireStaying(context);
    return (await task?.()) as T;
  });
}
