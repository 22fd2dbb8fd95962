import type { EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import { LeavingError } from '../../leaving.ts';
import type { StopOptions } from '../api.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { requireWanted } from './launch.ts';
import { startLocked } from './start.ts';
import { stopLocked } from './stop.ts';

/** Stops the container if it runs and starts it, in one turn. */
export async function restartContainer(
  context: EngineContext,
  container: Container,
  options: StopOptions & Requested,
): Promise<void> {
  await inTurn(context, container, async () => {
    await stopLocked(context, container, options, 'restart');
    requireWanted(context, container);
    await startAgain(context, container);
  });
}

/** The second half of a restart. A failure is reported, and the next likerd does not try again. */
export async function startAgain(
  context: EngineContext,
  container: Container,
  options: { readonly again?: boolean } = {},
): Promise<void> {
  try {
    await startLocked(context, container, options);
  } catch (error) {
    const { begun } = container.facts;
    if (begun?.verb === 'restart' && !(error instanceof LeavingError))
      context.ledger.change(container, { facts: { begun: null } });
    throw error;
  }
}
