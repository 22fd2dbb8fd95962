import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { cni } from './cni.ts';
import { connection } from './connection.ts';
import { controlGroups } from './control-groups.ts';
import { endpoints } from './endpoints.ts';
import { networkPriority } from './network-priority.ts';
import { networkRate } from './network-rate.ts';
import { overlays } from './overlays.ts';
import { ports } from './ports.ts';
import { runFolder } from './run-folder.ts';
import type { RunResource } from './run-resource.ts';
import { releaseShim } from './shim.ts';

/**
 * What a run holds beside its shim. A start acquires it in this order and then spawns the shim; adoption finds it again in this
 * order. The root file system is missing here: it is mounted in the container's own mount namespace, and goes with that.
 */
export const runResources: readonly RunResource[] = [
  runFolder,
  overlays,
  controlGroups,
  endpoints,
  ports,
  cni,
  networkPriority,
  networkRate,
  connection,
];

/** Releases the shim and all resources. Throws where one cannot be released now: call it again later. */
export async function releaseRun(context: EngineContext, container: Container): Promise<void> {
  await cni.release(context, container);
  await releaseShim(context, container);
  context.openReaders.close(container.id);
  for (const resource of runResources.toReversed()) await resource.release(context, container);
}
