import type { EngineContext } from '../../context.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { LeavingError } from '../../leaving.ts';
import { removeRecord } from '../life/remove-record.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { may } from '../model/phase.ts';
import { launch, type StartOptions, type Watcher } from './launch.ts';

/** Starts a container that does not run. One that runs is a success without effect. */
export async function startContainer(
  context: EngineContext,
  container: Container,
  options: StartOptions = {},
): Promise<void> {
  await inTurn(context, container, () => startLocked(context, container, options));
}

export async function startLocked(
  context: EngineContext,
  container: Container,
  options: StartOptions = {},
): Promise<void> {
  if (container.phase.state === 'running' && !container.run?.ending) return;
  // Stopped or removed while the restart waited for its turn.
  if (options.byPolicy && container.phase.state !== 'restarting') return;
  await launch(context, container, options);
}

/** Starts a container for a client that sees it from the first byte. One with --rm that cannot be started is removed. */
export async function startAttended(
  context: EngineContext,
  container: Container,
  watcher: Watcher,
  request: RequestKey | null,
): Promise<void> {
  await inTurn(context, container, async () => {
    try {
      await launch(context, container, { watcher, request });
    } catch (error) {
      if (error instanceof LeavingError) throw error;
      const { phase, removed, spec } = container;
      // Not one that another call has started, or removed, before this one's turn.
      if (spec.autoRemove && !removed && may('remove', phase.state))
        removeRecord(context, container, phase.state === 'exited' ? phase.exit : null);
      throw error;
    }
  });
}
