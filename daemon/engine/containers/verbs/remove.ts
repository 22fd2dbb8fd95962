import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import { cancelRestart } from '../life/cancel-restart.ts';
import { filesGone, removeRecord } from '../life/remove-record.ts';
import { inTurn } from '../life/turn.ts';
import { begin } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { livePhase, requirePhase } from '../model/phase.ts';
import { releaseLeftCni } from '../resources/cni.ts';
import { killAndWait } from './stop.ts';

export interface RemoveOptions extends Requested {
  readonly force: boolean;
  /** Its anonymous volumes go, too. */
  readonly volumes?: boolean;
}

/** Removes a container and all that belongs to it; with force it is killed first. Gone already is a success. */
export async function removeContainer(
  context: EngineContext,
  container: Container,
  options: RemoveOptions,
): Promise<void> {
  const isBusy = livePhase(container.phase) || container.run?.ending || container.run?.abandon;
  if (options.force && isBusy) {
    const facts = { stopRequested: true, begun: begin('remove') };
    context.ledger.change(container, { facts, request: options.request ?? null });
    // Before its turn: a stop that waits for the container's end must not hold up a forced removal. In its turn it is killed
    // again, and a failure is reported.
    if (livePhase(container.phase))
      await cgroupOf(context, container)
        .kill()
        .catch(() => {});
  }
  // Nor must a start that hangs, in a file system that does not answer, or a copy of its files.
  if (options.force) {
    container.unwanted = true;
    hastenClients(container);
    void container.fileUses.end(filesGone(container));
    container.run?.abandon?.();
  }
  await inTurn(context, container, () => removeLocked(context, container, options));
}

/** The end of each process waits for clients that an earlier daemon served. Those of Docker's API never come back. */
function hastenClients({ run }: Container): void {
  for (const process of [run?.main, ...(run?.execs.values() ?? [])]) process?.clients.grace.hasten();
}

export async function removeLocked(
  context: EngineContext,
  container: Container,
  { force, volumes = false, request = null }: RemoveOptions,
): Promise<void> {
  container.unwanted = false;
  if (container.removed) return;
  try {
    if (force) {
      context.ledger.remember(container, { stopRequested: true });
      await killAndWait(context, container);
      cancelRestart(context, container);
    } else await container.run?.ending;
    // With --rm it has removed itself at its end.
    if (container.removed) return;
    requirePhase('remove', container);
    await container.cleanUp?.();
    if (container.removed) return;
    if (container.spec.cni.length > 0) await releaseLeftCni(context, container.id);
    const exit = container.phase.state === 'exited' ? container.phase.exit : null;
    removeRecord(context, container, exit, { asked: true, volumes, request });
  } catch (error) {
    // The caller gets the error and does not expect a removal later.
    if (container.facts.begun?.verb === 'remove' && !context.leaving.signal.aborted)
      context.ledger.change(container, { facts: { begun: null } });
    throw error;
  }
}
