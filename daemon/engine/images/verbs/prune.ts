import { type Filter, truth } from '../../filter.ts';
import type { Pruned, RemovedImage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageFilter } from '../model/filter.ts';
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
  const { images, imageNames, containerImages } = context.ledger.rows;
  for (const image of images.all()) {
    if (!wanted(await viewImage(context, image))) continue;
    // In this turn: meanwhile it may have got a name or a container, or another call has removed it.
    if (images.get(image.id) === null) continue;
    if (imageNames.of(image.id).length > 0 && !withNames) continue;
    if (containerImages.containersOf(image.id).length > 0 || context.leases.has(image.id)) continue;
    removed.push(deleteImage(context, image.id));
  }
  const rest = await removeUnused(context);
  return {
    removed,
    reclaimedBytes: removed.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0) + rest,
  };
}
