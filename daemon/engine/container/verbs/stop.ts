import { stopPace } from '../../../pace.ts';
import type { StopOptions } from '../../api.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { livePhase } from '../phase.ts';
import { cancelRestart, noteStop } from '../restart.ts';
import { writeRunRecord } from '../run-record.ts';

/** Longest wait for the end of a container that was sent SIGKILL: a process may be deep in the kernel. */
const killedMs = 30_000;

/** Asks the main process to stop, waits, then kills the container. One that does not run is a success. */
export async function stopContainer(
  context: EngineContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  await container.verbs.run(() => stopLocked(context, container, options));
}

export async function stopLocked(
  context: EngineContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  cancelRestart(context, container);
  noteStop(context, container);
  if (livePhase(container.phase)) await endLocked(context, container, options);
  else await container.ending;
}

/** As a stop, for a container that lives and that its policy may start again. */
export async function endLocked(
  context: EngineContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  const phase = livePhase(container.phase);
  if (!phase) return;
  const signal = options.signal ?? container.spec.stopSignal;
  const seconds = options.timeoutSeconds ?? container.spec.stopTimeoutSeconds;
  const over = () => livePhase(container.phase) === null;
  if (phase.state === 'running' && seconds > 0) {
    using _place = await stopPace.enter();
    if (!over()) {
      context.ledger.event(container, { action: 'kill', attributes: { signal: String(signal) } });
      context.processes.kill(phase.main, signal);
    }
    await container.changed.until(over, seconds * 1000);
  }
  if (phase.state === 'paused' && seconds > 0) {
    // A frozen process gets its signal when it thaws.
    context.processes.kill(phase.main, signal);
    await cgroupOf(context, container).thaw();
    context.ledger.change(container, { phase: { ...phase, state: 'running' } }, { action: 'unpause' });
    writeRunRecord(context, container);
    await container.changed.until(over, seconds * 1000);
  }
  if (!over()) await killAndWait(context, container);
  await container.ending;
  context.ledger.event(container, { action: 'stop' });
}

/** SIGKILL to all processes; returns when the container is over and cleaned up. */
export async function killAndWait(context: EngineContext, container: Container): Promise<void> {
  if (livePhase(container.phase)) {
    await cgroupOf(context, container).kill();
    await container.changed.until(() => livePhase(container.phase) === null, killedMs);
  }
  await container.ending;
}
