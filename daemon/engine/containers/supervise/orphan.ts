import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { endedUnseen } from '../life/end.ts';
import type { Container } from '../model/container.ts';

/** likerd is not its parent and cannot wait for it. */
const orphanPollMs = 500;

/** Ends the run of an orphaned container when its main process is gone. */
export function watchOrphan(context: EngineContext, container: Container): void {
  const timer = setInterval(() => {
    const { phase } = container;
    if (phase.state === 'orphaned' && context.processes.isAlive(phase.main)) return;
    clearInterval(timer);
    if (phase.state !== 'orphaned') return;
    const exit = unseenExit(255, 'Its shim was lost: how it ended is not known', phase.startedAt);
    const ended = endedUnseen(context, container, exit);
    inBackground(context, container, 'cleaning up after a container failed', ended);
  }, orphanPollMs);
  timer.unref();
}
