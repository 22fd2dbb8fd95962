import { retry } from '../../../loop/retry.ts';
import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { requirePhase } from '../model/phase.ts';
import { writeRunRecord } from '../resources/run-record.ts';

/** Freezes all processes. A paused container is a success. `forCommit`: until `resumeAfterCommit`, which may be the next likerd's. */
export async function pauseContainer(
  context: EngineContext,
  container: Container,
  { forCommit: pausedForCommit = false } = {},
): Promise<void> {
  await inTurn(context, container, async () => {
    const { phase, facts } = container;
    if (phase.state === 'paused') {
      if (facts.pausedForCommit && !pausedForCommit)
        context.ledger.change(container, { facts: { pausedForCommit } });
      return;
    }
    requirePhase('pause', container);
    await cgroupOf(context, container).freeze();
    // It may have ended meanwhile.
    if (container.phase.state !== 'running') return;
    context.ledger.change(
      container,
      { phase: { ...container.phase, state: 'paused' }, facts: { pausedForCommit } },
      { action: 'pause' },
    );
    writeRunRecord(context, container);
  });
}

/** Thaws all processes. A running container is a success. */
export async function resumeContainer(context: EngineContext, container: Container): Promise<void> {
  await inTurn(context, container, () => resumeLocked(context, container));
}

/** Undoes the pause of a commit, unless a call has asked for a pause since. */
export async function resumeAfterCommit(context: EngineContext, container: Container): Promise<void> {
  await inTurn(context, container, async () => {
    const { phase, facts } = container;
    if (phase.state === 'paused' && facts.pausedForCommit) await resumeLocked(context, container);
  });
}

/** As resumeAfterCommit, and again until that succeeds: nobody else knows of the pause. */
export async function surelyResumeAfterCommit(context: EngineContext, container: Container): Promise<void> {
  const attempt = () =>
    resumeAfterCommit(context, container).then(
      () => true,
      (error: unknown) => {
        const what = 'cannot end the pause of a commit; it is tried again';
        context.log.error(what, { container: container.id, error: String(error) });
        return false;
      },
    );
  if (await attempt()) return;
  const again = retry(attempt, { firstMs: 100, longestMs: 5_000 }, context.leaving.signal);
  inBackground(context, container, 'cannot end the pause of a commit', again);
}

async function resumeLocked(context: EngineContext, container: Container): Promise<void> {
  if (container.phase.state === 'running') return;
  requirePhase('resume', container);
  await cgroupOf(context, container).thaw();
  if (container.phase.state !== 'paused') return;
  context.ledger.change(
    container,
    { phase: { ...container.phase, state: 'running' } },
    { action: 'unpause' },
  );
  writeRunRecord(context, container);
}
