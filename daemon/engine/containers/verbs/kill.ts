import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import type { KillScope } from '../api.ts';
import { cancelRestart } from '../life/cancel-restart.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase, requirePhase, wrongState } from '../model/phase.ts';

const SIGKILL = 9;

/** Sends a signal. Takes no turn: it must reach a container whose stop is waiting. */
export async function killContainer(
  context: EngineContext,
  container: Container,
  signal: number,
  { scope, request = null }: { readonly scope: KillScope } & Requested,
): Promise<void> {
  if (container.phase.state === 'restarting' && signal === SIGKILL) {
    cancelRestart(context, container);
    // Its start may be under way.
    await inTurn(context, container);
    if (!livePhase(container.phase)) return;
  }
  const { state } = container.phase;
  const live = livePhase(container.phase);
  // Also when it has just ended by itself, and would come back.
  if (signal === SIGKILL && (live || container.run?.ending)) noteStop(context, container);
  requirePhase('kill', container);
  if (signal !== SIGKILL && state !== 'running') {
    const why =
      state === 'paused'
        ? 'it is paused; unpause it first, or send SIGKILL'
        : 'its shim was lost; only SIGKILL can be sent';
    throw wrongState(`send signal ${signal} to`, container, why, 'kill');
  }
  const cgroup = cgroupOf(context, container);
  if (scope === 'all' && signal !== SIGKILL) await cgroup.signalAll(signal);
  // Not by way of the shim: a connection that is lost at this moment would lose the signal without a word.
  else if (live) context.processes.kill(live.main, signal);
  // All others end with the main process, except in a shared pid namespace and in a freezer.
  if (signal === SIGKILL) await cgroup.kill();
  context.ledger.event(container, { action: 'kill', attributes: { signal: String(signal) } }, request);
}

/** Stored before the signal is sent: a daemon that sees only the end must not start the container again. */
function noteStop(context: EngineContext, container: Container): void {
  if (!container.facts.stopRequested) context.ledger.change(container, { facts: { stopRequested: true } });
}
