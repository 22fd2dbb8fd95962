import type { ImageContext } from '../context.ts';

/**
 * Removes layers and blobs that no image has, and what broken pulls have left, unless it is younger (milliseconds since the epoch). Returns
 * their bytes.
 */
export async function removeUnused(
  context: ImageContext,
  youngestMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const { ledger, leases, layers, content } = context;
  const { rows } = ledger;
  const isFree = (digest: string, createdAt: number): boolean =>
    !leases.has(digest) && createdAt <= youngestMs;
  const unused = rows.layers.unused().filter(({ diffId, createdAt }) => isFree(diffId, createdAt));
  const recipes = unused.map(({ diffId }) => ({ size: rows.recipes.sizeOf(diffId) ?? 0 }));
  const archives = unused.flatMap(({ diffId }) => rows.layerBlobs.of(diffId));
  const blobs = [
    ...rows.blobs.unused().filter(({ digest, createdAt }) => isFree(digest, createdAt)),
    ...archives.filter(({ digest }) => !leases.has(digest)),
  ];
  if (unused.length + blobs.length > 0) {
    const removal = {
      images: [],
      layers: unused.map(({ diffId }) => diffId),
      blobs: blobs.map(({ digest }) => digest),
    };
    ledger.remove(removal, []);
  }
  for (const { diffId } of unused) layers.remove(diffId);
  for (const { digest } of blobs) content.remove(digest);
  let bytes = [...unused, ...recipes, ...blobs].reduce((sum, { size }) => sum + size, 0);
  for (const { digest, size, changedAt } of await content.partial()) {
    if (!isFree(digest, changedAt)) continue;
    await content.removePartial(digest);
    bytes += size;
  }
  return bytes;
}
