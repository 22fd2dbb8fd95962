import type { Filter } from '../../filter.ts';
import type { Pruned, RemovedImage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageFilter, truth } from '../model/filter.ts';
import { viewImage } from '../view.ts';
import { deleteImage } from './delete-image.ts';
import { removeUnused } from './remove-unused.ts';

/** Removes images that no container has: those without a name, or all; then layers, blobs and downloads that no image has. Errors: BAD_ARGUMENT. */
export async function pruneImages(
  context: ImageContext,
  { all, filters }: { readonly all: boolean; readonly filters: readonly Filter[] },
): Promise<Pruned> {
  const dangling = filters
    .filter(({ key }) => key === 'dangling')
    .map(({ value }) => truth('dangling', value));
  const withNames = all || dangling.includes(false);
  const wanted = await imageFilter(
    context,
    filters.filter(({ key }) => key !== 'dangling'),
  );
  const removed: RemovedImage[] = [];
  for (const image of context.ledger.rows.images.all()) {
    const view = await viewImage(context, image);
    if (view.names.length > 0 && !withNames) continue;
    if (!wanted(view)) continue;
    // In this turn, so that no container is made from it meanwhile.
    if (context.ledger.rows.containerImages.containersOf(image.id).length > 0) continue;
    if (context.leases.has(image.id)) continue;
    removed.push(await deleteImage(context, image.id));
  }
  const rest = await removeUnused(context);
  return {
    removed,
    reclaimedBytes: removed.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0) + rest,
  };
}
