import type { ImageContext } from '../context.ts';
import { deleteImage } from '../verbs/delete-image.ts';
import { compareImages, type Differences } from './compare.ts';

/**
 * Removes images whose files are gone, and rows of files that are. An image that containers have, or that a call is using, stays: pulling it
 * again brings what is missing.
 */
export function removeDamaged(context: ImageContext): void {
  const { ledger, leases, log } = context;
  const { rows } = ledger;
  const { missing } = compareImages(context);
  forgetArchives(context, missing);
  for (const { id } of rows.images.all()) {
    const gone = [
      ...rows.images.diffIds(id).filter((diffId) => missing.layers.has(diffId)),
      ...[id, ...rows.manifests.of(id)].filter((digest) => missing.blobs.has(digest)),
    ];
    if (gone.length === 0 || leases.has(id)) continue;
    const names = rows.imageNames.of(id);
    const fields = { image: id, names: names.join(' '), missing: gone.join(' ') };
    if (rows.containerImages.containersOf(id).length > 0) {
      log.error(
        'files of an image that containers have are gone; pull it again before you start them',
        fields,
      );
      continue;
    }
    log.warn('files of an image are gone, and it is removed; pull it again', fields);
    deleteImage(context, id);
  }
  const unused = new Set([
    ...rows.layers.unused().map(({ diffId }) => diffId),
    ...rows.blobs.unused().map(({ digest }) => digest),
  ]);
  const removal = {
    images: [],
    layers: [...missing.layers].filter((diffId) => unused.has(diffId)),
    blobs: [...missing.blobs].filter((digest) => unused.has(digest)),
  };
  if (removal.layers.length + removal.blobs.length > 0) ledger.remove(removal, []);
}

/** What makes archives again, and archives that were kept. The images do without. */
function forgetArchives({ ledger, log }: ImageContext, missing: Differences['missing']): void {
  const recipes = [...missing.recipes];
  const archives = [...missing.blobs].filter((digest) => ledger.rows.layerBlobs.has(digest));
  if (recipes.length + archives.length === 0) return;
  log.warn(
    'files of which archives of layers are made are gone; pull their images again to save or push them',
    {
      layers: recipes.join(' '),
      archives: archives.join(' '),
    },
  );
  ledger.forgetArchives({ recipes, archives });
}
