import { familiar } from '../../../../common/image-name.ts';
import type { RequestKey } from '../../journal/requests.ts';
import type { RemovedImage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageEvent } from '../model/events.ts';

/**
 * Removes an image that no container has, with its names, and the layers that no other image has: first the rows, then the files. All in
 * one turn, so that a pull that begins meanwhile does not lose what it stores.
 */
export function deleteImage(
  context: ImageContext,
  id: string,
  request: RequestKey | null = null,
): RemovedImage {
  const { ledger, leases, layers, content, summaries } = context;
  const { rows } = ledger;
  const names = rows.imageNames.of(id);
  const digests = rows.manifests
    .digestsOf(id)
    .map(({ repository, digest }) => familiar(`${repository}@${digest}`));
  const freed = rows.layers.onlyOf(id).filter(({ diffId }) => !leases.has(diffId));
  const archives = freed.flatMap(({ diffId }) => rows.layerBlobs.of(diffId));
  const recipes = freed.map(({ diffId }) => ({ size: rows.recipes.sizeOf(diffId) ?? 0 }));
  const blobs = [id, ...rows.manifests.of(id), ...archives.map(({ digest }) => digest)].filter(
    (digest) => !leases.has(digest),
  );
  const removed = {
    id,
    untagged: [...names.map(familiar), ...digests],
    layers: freed.map(({ diffId }) => diffId).reverse(),
    reclaimedBytes: [...freed, ...recipes, ...archives].reduce((sum, { size }) => sum + size, 0),
  };
  ledger.remove(
    { images: [id], layers: freed.map(({ diffId }) => diffId), blobs },
    [...names.map((name) => imageEvent('untag', id, familiar(name))), imageEvent('delete', id, id)],
    request && { ...request, result: JSON.stringify(removed) },
  );
  summaries.forget(id);
  for (const { diffId } of freed) layers.remove(diffId);
  for (const digest of blobs) content.remove(digest);
  return removed;
}
