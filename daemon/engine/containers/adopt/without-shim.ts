import { oldestShimProtocol, shimProtocol } from '../../../../common/shim/protocol.ts';
import type { HelloAnswer } from '../../../kernel/process/shim.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { recordedExit, unseenExit } from '../../process/exit-status.ts';
import { endedUnseen } from '../life/end.ts';
import { removeRecord } from '../life/remove-record.ts';
import { startLifeClock } from '../life/supervision.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import { releaseRun } from '../resources/run-resources.ts';

type Unadopted = Exclude<HelloAnswer, { kind: 'adopted' }>;

/**
 * No shim is ours: the exit record and the kernel show what has become of the container. `freshBoot`: the machine has started
 * anew since, so no process that the record names is there any more.
 */
export async function settleWithoutShim(
  context: EngineContext,
  container: Container,
  answer: Unadopted,
  { freshBoot }: { readonly freshBoot: boolean },
): Promise<void> {
  const live = livePhase(container.phase);
  // Its folders go after its record, but on a full disk, where a removal cannot be stored.
  if (!context.folders.exist(container.id) && !(live && context.processes.isAlive(live.main))) {
    await releaseRun(context, container);
    removeRecord(context, container, null);
    return;
  }
  const recorded = context.processes.exitRecord(runFolderOf(context, container.id));
  if (recorded && (live || container.phase.state === 'created')) {
    await endedUnseen(context, container, recordedExit(recorded));
  } else if (live && !freshBoot && context.processes.isAlive(live.main)) {
    orphan(context, container, live, answer);
  } else if (live) {
    const reason = 'Its shim was lost: how it ended is not known';
    await endedUnseen(context, container, unseenExit(255, reason, live.startedAt));
  } else {
    await releaseRun(context, container);
    const { phase } = container;
    // Its daemon died before removing it; a container that could not be started stays.
    if (phase.state === 'exited' && phase.exit.startedAt !== null && container.spec.autoRemove)
      removeRecord(context, container, phase.exit);
  }
}

function orphan(
  context: EngineContext,
  container: Container,
  { state, main, startedAt }: NonNullable<ReturnType<typeof livePhase>>,
  answer: Unadopted,
): void {
  const reason =
    answer.kind === 'no-answer'
      ? 'its shim does not answer'
      : `its shim speaks protocol ${answer.protocol}, this likerd ${oldestShimProtocol} to ${shimProtocol}: ` +
        'it can be killed and removed, or attached to by the likerd that has started it';
  context.log.warn('container orphaned', { container: container.id, reason });
  // One that an earlier daemon found so is nothing new.
  const events = state === 'orphaned' ? [] : [{ action: 'orphaned', attributes: { reason } }];
  context.ledger.change(container, { phase: { state: 'orphaned', main, startedAt } }, ...events);
  container.run ??= new Run();
  const clock = startLifeClock(container.run, context.proc.ageMs(main.startTime));
  context.supervision.orphaned(container, clock);
}
