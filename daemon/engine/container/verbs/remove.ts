import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { removeRecord } from '../main-end.ts';
import { livePhase, requirePhase } from '../phase.ts';
import { cancelRestart, noteStop } from '../restart.ts';
import { killAndWait } from './stop.ts';

/** Removes a container and all that belongs to it; with force it is killed first. Gone already is a success. */
export async function removeContainer(
  context: EngineContext,
  container: Container,
  options: { readonly force: boolean },
): Promise<void> {
  // Before its turn: a stop that waits for the container's end must not hold up a forced removal.
  if (options.force && livePhase(container.phase)) {
    noteStop(context, container);
    await cgroupOf(context, container).kill();
  }
  // Nor must a start that hangs, in a file system that does not answer.
  if (options.force) {
    container.unwanted = true;
    container.abandonStart?.();
  }
  await container.verbs.run(async () => {
    container.unwanted = false;
    if (container.removed) return;
    if (options.force) {
      container.facts = { ...container.facts, stopRequested: true };
      await killAndWait(context, container);
      cancelRestart(context, container);
    } else if (container.ending) await container.ending;
    // With --rm it has removed itself at its end.
    if (container.removed) return;
    requirePhase('remove', container, container.phase.state);
    await container.cleanUp?.();
    if (container.removed) return;
    const exit = container.phase.state === 'exited' ? container.phase.exit : null;
    removeRecord(context, container, exit, { asked: true });
  });
}
