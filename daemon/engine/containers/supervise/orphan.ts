import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { endedUnseen } from '../life/end.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';

/** likerd is not its parent and cannot wait for it. */
const orphanPollMs = 500;

/** Ends the run of an orphaned container when its main process is gone, until `signal` is aborted. */
export function watchOrphan(context: EngineContext, container: Container, signal: AbortSignal): void {
  const look = () => {
    const live = livePhase(container.phase);
    if (!live || context.processes.isAlive(live.main)) return;
    const exit = unseenExit(255, 'Its shim was lost: how it ended is not known', live.startedAt);
    const ended = endedUnseen(context, container, exit);
    inBackground(context, container, 'cleaning up after a container failed', ended);
  };
  const timer = setInterval(look, orphanPollMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}
