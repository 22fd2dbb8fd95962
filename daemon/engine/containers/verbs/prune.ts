import { hasReason } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Filter } from '../../filter.ts';
import { layersOfImage } from '../../images/roots.ts';
import { containerFilter } from '../model/filter.ts';
import { removeContainer } from './remove.ts';

/** Removes all containers that do not run and fit the filters. */
export async function pruneContainers(
  context: EngineContext,
  filters: readonly Filter[],
): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }> {
  const { registry, networks } = context;
  const layersOf = (image: string) => layersOfImage(context.images, image);
  const fits = containerFilter(filters, { registry, networks, layersOf });
  const ids: string[] = [];
  let reclaimedBytes = 0;
  for (const container of context.registry.all()) {
    const isDown = ['created', 'exited'].includes(container.phase.state) && !container.run?.ending;
    if (!isDown || !fits(container)) continue;
    const { layerBytes, logBytes } = await context.folders.sizes(container.id);
    // By another call, or with --rm.
    if (container.removed) continue;
    try {
      await removeContainer(context, container, { force: false });
    } catch (error) {
      // Started meanwhile.
      if (hasReason(error, 'WRONG_STATE')) continue;
      throw error;
    }
    ids.push(container.id);
    reclaimedBytes += layerBytes + logBytes;
  }
  return { ids, reclaimedBytes };
}
