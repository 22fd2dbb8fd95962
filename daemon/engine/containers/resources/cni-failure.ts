import { asError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';

/** Plugins of a container have failed where no call waits for them: in the log, and as an event of the container. */
export function tellCniFailure(
  context: EngineContext,
  id: string,
  command: 'CHECK' | 'DEL',
  failure: unknown,
): void {
  const error = asError(failure).message;
  context.log.warn('plugins of CNI have failed', { container: id, command, error });
  const container = context.registry.byId(id);
  if (container) context.ledger.event(container, { action: 'cni-failed', attributes: { command, error } });
}
