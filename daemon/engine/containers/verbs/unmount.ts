import { badArgument } from '../../../../common/errors.ts';
import { encodeSteps } from '../../../kernel/plan/encode.ts';
import type { EngineContext } from '../../context.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { removeMountSteps } from '../plan/live-mounts.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { mountEvent } from './mount.ts';
import { mountError } from './mount-error.ts';

/**
 * Takes a mount away from a container: at once if it runs, and from its next start on. `lazy`: programs that use it keep what they have open.
 * Errors: BAD_ARGUMENT without such a mount, WRONG_STATE if it is in use; then the container is as before.
 */
export function removeMount(
  context: EngineContext,
  container: Container,
  { target, lazy }: { readonly target: string; readonly lazy: boolean },
  request: RequestKey | null = null,
): Promise<void> {
  return inTurn(context, container, async () => {
    if (!container.spec.mounts.some((mount) => mount.target === target))
      throw badArgument(
        'target',
        `Container '${container.name}' has no mount at '${target}'; 'likerctl mount ls ${container.name}' lists those that it has`,
      );
    context.ledger.decide(container, { facts: { mounting: { verb: 'unmount', target } }, request });
    await unmountNow(context, container, target, lazy).catch((error: unknown) => {
      context.ledger.change(container, { facts: { mounting: null } });
      throw error;
    });
    forget(context, container, target);
  });
}

/** Goes on where an earlier likerd stopped. */
export async function finishUnmount(
  context: EngineContext,
  container: Container,
  target: string,
): Promise<void> {
  await unmountNow(context, container, target, false).catch((error: unknown) => {
    context.ledger.change(container, { facts: { mounting: null } });
    throw error;
  });
  forget(context, container, target);
}

const unmountMs = 10_000;

async function unmountNow(
  context: EngineContext,
  container: Container,
  target: string,
  lazy: boolean,
): Promise<void> {
  const live = livePhase(container.phase);
  if (live === null) return;
  const maps = container.facts.userNamespace?.maps ?? null;
  const steps = removeMountSteps(target, lazy, { main: live.main, maps });
  const failure = await context.processes.act(encodeSteps(steps), unmountMs);
  if (failure !== null) throw mountError(`unmount '${target}' in`, container, failure);
}

function forget(context: EngineContext, container: Container, target: string): void {
  const { spec } = container;
  const mounts = spec.mounts.filter((mount) => mount.target !== target);
  const events = spec.mounts
    .filter((mount) => mount.target === target)
    .map((mount) => mountEvent('unmount', mount));
  context.ledger.change(container, { spec: { ...spec, mounts }, facts: { mounting: null } }, ...events);
  context.folders.discardOverlay(container.id, target);
  if (livePhase(container.phase)) writeRunRecord(context, container);
}
