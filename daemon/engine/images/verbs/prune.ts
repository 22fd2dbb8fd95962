import type { Filter } from '../../filter.ts';
import type { Pruned, RemovedImage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageFilter, truth } from '../model/filter.ts';
import { viewImage } from '../view.ts';
import { deleteImage } from './delete-image.ts';

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

/** Layers and blobs that no image has, and what broken pulls have left. Returns their bytes. */
export async function removeUnused(
  context: ImageContext,
  youngestMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const { ledger, leases, layers, content } = context;
  const isFree = (digest: string, createdAt: number): boolean =>
    !leases.has(digest) && createdAt <= youngestMs;
  const unused = ledger.rows.layers.unused().filter(({ diffId, createdAt }) => isFree(diffId, createdAt));
  const blobs = ledger.rows.blobs.unused().filter(({ digest, createdAt }) => isFree(digest, createdAt));
  if (unused.length + blobs.length > 0) {
    const removal = {
      images: [],
      layers: unused.map(({ diffId }) => diffId),
      blobs: blobs.map(({ digest }) => digest),
    };
    ledger.remove(removal, []);
  }
  for (const { diffId } of unused) layers.remove(diffId);
  for (const { digest } of blobs) await content.remove(digest);
  let bytes = [...unused, ...blobs].reduce((sum, { size }) => sum + size, 0);
  for (const { digest, size, changedAt } of await content.partial()) {
    if (!isFree(digest, changedAt)) continue;
    await content.removePartial(digest);
    bytes += size;
  }
  return bytes;
}
