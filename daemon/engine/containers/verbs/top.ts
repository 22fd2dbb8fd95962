import { encodeListing } from '../../../kernel/plan/encode.ts';
import { processFacts } from '../../../kernel/proc/processes.ts';
import { Slices } from '../../../loop/turns.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { TopProcess, TopView } from '../api.ts';
import type { Container } from '../model/container.ts';
import { requirePhase } from '../model/phase.ts';

/** The processes in a container by pid, read from the host's /proc. */
export async function topOf(context: EngineContext, container: Container): Promise<TopView> {
  requirePhase('read the processes of', container);
  const where = await cgroupOf(context, container).listed();
  const { processes: listed, total } = await context.processes.list(encodeListing(where));
  const bootedAtMs = Date.now() - context.proc.uptimeMs();
  const processes: TopProcess[] = [];
  const slices = new Slices();
  for (const files of listed) {
    if (slices.over) await slices.next();
    processes.push(processFacts(files, bootedAtMs));
  }
  return { processes, total };
}
