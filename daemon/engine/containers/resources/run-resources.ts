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
import type { RunResource, Start } from './run-resource.ts';
import { releaseShim } from './shim.ts';

/**
 * What a run holds beside its shim. A start acquires it in this order and then spawns the shim; adoption finds it again in this
 * order. The two lines of one stage go beside one another: likerd gives addresses and ports while the kernel makes control groups. The root file system
 * is missing here: it is mounted in the container's own mount namespace, and goes with that.
 */
const stages: readonly (readonly (readonly RunResource[])[])[] = [
  [[runFolder, overlays]],
  [[controlGroups], [endpoints, ports, cni]],
  [[networkPriority, networkRate, connection]],
];

export const runResources: readonly RunResource[] = stages.flat(2);

/** Acquires all of it for a start. How it is undone is put on the stack. */
export async function acquireRun(
  context: EngineContext,
  start: Start,
  undo: AsyncDisposableStack,
): Promise<void> {
  for (const lines of stages)
    await beside(lines, async (resource) => {
      await resource.acquire(context, start);
      undo.defer(() => resource.release(context, start.container));
    });
}

/** Releases the shim and all resources. Throws where one cannot be released now: call it again later. */
export async function releaseRun(context: EngineContext, container: Container): Promise<void> {
  await cni.release(context, container);
  await releaseShim(context, container);
  context.openReaders.close(container.id);
  for (const lines of stages.toReversed())
    await beside(
      lines.map((line) => line.toReversed()),
      async (resource) => resource.release(context, container),
    );
}

/** Works through several lines at a time. Throws the first line's failure, once all have come to an end. */
async function beside(
  lines: readonly (readonly RunResource[])[],
  work: (resource: RunResource) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(
    lines.map(async (line) => {
      for (const resource of line) await work(resource);
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
