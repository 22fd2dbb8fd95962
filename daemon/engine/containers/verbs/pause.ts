import { cgroupOf, type EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { requirePhase } from '../model/phase.ts';
import { writeRunRecord } from '../resources/run-record.ts';

/** Freezes all processes. A paused container is a success. */
export async function pauseContainer(context: EngineContext, container: Container): Promise<void> {
  await inTurn(context, container, async () => {
    const { phase } = container;
    if (phase.state === 'paused') return;
    requirePhase('pause', container);
    await cgroupOf(context, container).freeze();
    // It may have ended meanwhile.
    if (container.phase.state !== 'running') return;
    context.ledger.change(container, { phase: { ...container.phase, state: 'paused' } }, { action: 'pause' });
    writeRunRecord(context, container);
  });
}

/** Thaws all processes. A running container is a success. */
export async function resumeContainer(context: EngineContext, container: Container): Promise<void> {
  await inTurn(context, container, async () => {
    const { phase } = container;
    if (phase.state === 'running') return;
    requirePhase('resume', container);
    await cgroupOf(context, container).thaw();
    if (container.phase.state !== 'paused') return;
    context.ledger.change(
      container,
      { phase: { ...container.phase, state: 'running' } },
      { action: 'unpause' },
    );
    writeRunRecord(context, container);
  });
}
