import { asError } from '../../../../common/errors.ts';
import type { ShimProcessState } from '../../../kernel/process/reports.ts';
import { retry } from '../../../loop/retry.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { removeExecRecord } from '../resources/run-record.ts';
import { cleanUpPauses } from './patience.ts';

/**
 * Releases the resources of an exec. Processes that it has left running are killed, or live on with the container; the cgroup goes with the last
 * of them. What cannot be released now is tried again.
 */
export async function releaseExec(
  context: EngineContext,
  container: Container,
  number: number,
  { kill }: { readonly kill: boolean },
): Promise<void> {
  const attempt = async (): Promise<boolean> => {
    try {
      removeExecRecord(context, container, number);
      const cgroup = cgroupOf(context, container).openExec(number);
      if (kill) await cgroup.kill();
      else if (await cgroup.populated()) return false;
      await cgroup.remove();
      return true;
    } catch (error) {
      const fields = { container: container.id, error: asError(error).message };
      context.log.error('cleaning up after an exec failed and will be retried', fields);
      return false;
    }
  };
  if (await attempt()) return;
  // The end of the container releases everything that is left of its execs.
  void retry(() => !livePhase(container.phase) || attempt(), cleanUpPauses);
}

/** Numbers of the execs of which there is something: also of those that have ended and left something running. */
export function execsWithCgroup(context: EngineContext, container: Container): readonly number[] {
  try {
    return cgroupOf(context, container).execs();
  } catch (error) {
    context.log.warn('cannot list execs', { container: container.id, error: asError(error).message });
    return [];
  }
}

/** Releases execs that the shim does not know: they have ended, or their daemon died before starting them. */
export function forgetUnknown(
  context: EngineContext,
  container: Container,
  { held, rows }: { readonly held: readonly ShimProcessState[]; readonly rows: readonly ExecRow[] },
): void {
  const isUnknown = (number: number) => !held.some(({ process }) => process === number);
  for (const { id, number } of rows) if (isUnknown(number)) context.ledger.execs.forget(id);
  for (const number of execsWithCgroup(context, container))
    if (isUnknown(number))
      void releaseExec(context, container, number, { kill: number in container.facts.killsDue });
}
