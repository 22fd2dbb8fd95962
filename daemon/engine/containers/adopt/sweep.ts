import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../../../../common/errors.ts';
import { isContainerId } from '../../../../common/ids.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { releaseLeftCni } from '../resources/cni.ts';
import { cniRecordIds } from '../resources/cni-record.ts';
import { setAside } from './recover.ts';

/**
 * Clears away control groups, folders and places on networks of CNI that belong to no record. What still has a shim is left alone: it is a container
 * of which nothing is known, and a container is never ended by a lost record.
 */
export async function sweep(
  context: EngineContext,
  { recordsLost }: { readonly recordsLost: boolean },
): Promise<void> {
  const runs = readdirSync(join(context.paths.run, 'c')).filter(isContainerId);
  const unknown = (id: string) => context.registry.byId(id) === null;
  const alive = new Set<string>();
  for (const id of runs.filter(unknown)) if (await hasShim(context, id)) alive.add(id);
  const isOver = (id: string) => unknown(id) && !alive.has(id);
  const cgroups = context.cgroups.list().filter(isOver);
  await Promise.all(cgroups.map((id) => sweepCgroup(context, id)));
  for (const id of cniRecordIds(context).filter(isOver)) await releaseLeftCni(context, id);
  for (const id of context.folders.list().filter(isOver)) {
    if (recordsLost) setAside(context, id, { why: 'its record was lost' });
    else context.folders.remove(id);
  }
  for (const id of runs.filter(isOver)) context.folders.removeRunFolder(runFolderOf(context, id));
}

async function sweepCgroup(context: EngineContext, id: string): Promise<void> {
  context.log.warn('removing a cgroup without a container', { cgroup: id });
  try {
    const cgroup = context.cgroups.open(id);
    await cgroup.kill();
    await cgroup.remove();
  } catch (error) {
    // A process that hangs in the kernel cannot be killed, and must not keep likerd from serving.
    const failure = { cgroup: id, error: asError(error).message };
    context.log.warn('cannot remove a cgroup without a container', failure);
  }
}

async function hasShim(context: EngineContext, id: string): Promise<boolean> {
  const shim = await context.processes.connect(runFolderOf(context, id)).catch(() => null);
  if (!shim) return false;
  shim.leave();
  context.log.error('a container without a record is running; it is left alone', { container: id });
  return true;
}
