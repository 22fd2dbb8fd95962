import type { ImageContext } from './context.ts';

interface Usage {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  readonly reclaimableBytes: number;
}

/** What images take of the disk, each layer once; the archives of layers that are kept beside them; and what has come of images that are not there. */
export async function imageUsage({ ledger: { rows }, content }: ImageContext): Promise<readonly Usage[]> {
  const images = rows.images.all();
  const used = images.filter(({ id }) => rows.containerImages.containersOf(id).length > 0);
  const needed = new Set(
    used.flatMap(({ id }) => [
      id,
      ...rows.layers.of(id).map(({ diffId }) => diffId),
      ...rows.layers
        .of(id)
        .flatMap(({ diffId }) => rows.layerBlobs.of(diffId))
        .map(({ digest }) => digest),
      ...rows.manifests.of(id),
    ]),
  );
  const archives = new Set(
    rows.layers.all().flatMap(({ diffId }) => rows.layerBlobs.of(diffId).map(({ digest }) => digest)),
  );
  const kept = rows.blobs.all().filter(({ digest }) => archives.has(digest));
  const all = [
    ...rows.layers.all().map(({ diffId, size }) => ({ digest: diffId, size })),
    // They go with their layers.
    ...rows.recipes.all().map(({ diffId, size }) => ({ digest: diffId, size })),
    ...rows.blobs.all().filter(({ digest }) => !archives.has(digest)),
  ];
  const sum = (some: readonly { readonly size: number }[]): number =>
    some.reduce((bytes, { size }) => bytes + size, 0);
  const unneeded = (some: readonly { readonly digest: string; readonly size: number }[]) =>
    some.filter(({ digest }) => !needed.has(digest));
  const coming = await content.partial();
  return [
    {
      type: 'Images',
      total: images.length,
      active: used.length,
      sizeBytes: sum(all),
      reclaimableBytes: sum(unneeded(all)),
    },
    {
      type: 'Archives',
      total: kept.length,
      active: kept.length - unneeded(kept).length,
      sizeBytes: sum(kept),
      reclaimableBytes: sum(unneeded(kept)),
    },
    {
      type: 'Downloads',
      total: coming.length,
      active: 0,
      sizeBytes: sum(coming),
      reclaimableBytes: sum(coming),
    },
  ];
}
