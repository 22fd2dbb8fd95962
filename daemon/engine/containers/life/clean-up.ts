import { asError } from '../../../../common/errors.ts';
import { retry } from '../../../loop/retry.ts';
import type { EngineContext } from '../../context.ts';
import { LeavingError } from '../../leaving.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { Container } from '../model/container.ts';
import { releaseRun } from '../resources/run-resources.ts';
import { cleanUpPauses } from './patience.ts';
import { removeRecord } from './remove-record.ts';
import { inTurn } from './turn.ts';

/** Releases what an ended run used; what follows from the end, follows then. What cannot be released now is tried again. */
export async function cleanUp(context: EngineContext, container: Container, exit: ExitStatus): Promise<void> {
  const attempt = async (): Promise<void> => {
    await releaseRun(context, container);
    container.cleanUp = null;
    if (container.spec.autoRemove) removeRecord(context, container, exit);
    else context.supervision.over(container, exit);
  };
  try {
    await attempt();
  } catch (error) {
    container.cleanUp = attempt;
    tryLater(context, container, error);
  }
}

/** A start has failed, and could not release what it had acquired. */
export function cleanUpLater(context: EngineContext, container: Container, error: unknown): void {
  container.cleanUp = async () => {
    await releaseRun(context, container);
    container.cleanUp = null;
  };
  tryLater(context, container, error);
}

function tryLater(context: EngineContext, container: Container, firstError: unknown): void {
  const failed = (error: unknown) => {
    if (error instanceof LeavingError) return true;
    const fields = { container: container.id, error: asError(error) };
    context.log.error('cleaning up after a container failed and will be retried', fields);
    return false;
  };
  failed(firstError);
  const attempt = () =>
    inTurn(context, container, async () => container.cleanUp?.()).then(() => true, failed);
  void retry(attempt, cleanUpPauses);
}
