import { readProcess } from '../../../kernel/proc/processes.ts';
import type { TopProcess } from '../../api.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { requirePhase } from '../phase.ts';

/** The processes in a container by pid, read from the host's /proc. */
export function topOf(context: EngineContext, container: Container): TopProcess[] {
  requirePhase('read the processes of', container, container.phase.state);
  return cgroupOf(context, container)
    .pids()
    .map((pid) => readProcess(pid))
    .filter((process) => process !== null)
    .map(({ ppid, tty, ...process }) => ({ ...process, parentPid: ppid, ttyDevice: tty }))
    .sort((a, b) => a.pid - b.pid);
}
