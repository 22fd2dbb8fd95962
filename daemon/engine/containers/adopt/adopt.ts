import { asError } from '../../../../common/errors.ts';
import { ownTurn } from '../../../loop/turns.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { runResources } from '../resources/run-resources.ts';
import { reconnect } from './reconnect.ts';
import { readRecords } from './recover.ts';
import { sweep } from './sweep.ts';
import { settleWithoutShim } from './without-shim.ts';

export interface LeftBehind {
  /** By a daemon before the machine was started anew: no process that its records name is there any more. */
  readonly freshBoot: boolean;
}

/**
 * Takes over all that an earlier daemon has left: compares the records with the shims and the kernel before it
 * believes them, and clears away what belongs to no record.
 */
export async function adoptAll(context: EngineContext, left: LeftBehind): Promise<void> {
  const complete = await readRecords(context);
  const containers = context.registry.all();
  await Promise.all(
    containers.map((container) =>
      adopt(context, container, left).catch((error: unknown) => {
        const fields = { container: container.id, error: asError(error).message };
        context.log.error('adopting a container failed', fields);
      }),
    ),
  );
  await sweep(context, { recordsLost: context.recordsLost || !complete });
}

async function adopt(context: EngineContext, container: Container, left: LeftBehind): Promise<void> {
  await ownTurn();
  for (const resource of runResources) await resource.reattach?.(context, container);
  const answer = await reconnect(context, container);
  context.supervision.adopted(container);
  if (answer.kind === 'adopted') return;
  await settleWithoutShim(context, container, answer, left);
  context.supervision.left(container, left);
}
