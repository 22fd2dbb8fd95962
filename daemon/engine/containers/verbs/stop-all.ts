import { ownTurn } from '../../../loop/turns.ts';
import type { EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import { livePhase } from '../model/phase.ts';
import { endLocked } from './stop.ts';

/** Stops every running container, as when the machine shuts down. The next daemon restarts those whose policy says so. */
export async function stopAll(context: EngineContext): Promise<void> {
  context.stopping.abort();
  // A start that is under way is given up; what it has made all the same is stopped.
  const begun = context.registry
    .all()
    .filter((container) => livePhase(container.phase) || container.run?.abandon);
  for (const container of begun) container.run?.abandon?.();
  const own = { timeoutSeconds: null, signal: null };
  await Promise.allSettled(
    begun.map(async (container) => {
      await ownTurn();
      await inTurn(context, container, () => endLocked(context, container, own));
    }),
  );
}
