import type { ImageContext } from '../context.ts';
import { deleteImage } from '../verbs/delete-image.ts';

/**
 * Removes images whose files are gone, and rows of files that are. An image that containers have stays: pulling it again brings what
 * is missing.
 */
export function removeDamaged(context: ImageContext): void {
  const { ledger, layers, content, log } = context;
  const { rows } = ledger;
  const folders = new Set(layers.list());
  const files = new Set(content.list());
  forgetArchives(context, files);
  const missingLayers = rows.layers.all().filter(({ diffId }) => !folders.has(diffId));
  const missingBlobs = rows.blobs.all().filter(({ digest }) => !files.has(digest));
  for (const { id } of rows.images.all()) {
    const gone = [
      ...rows.images.diffIds(id).filter((diffId) => !folders.has(diffId)),
      ...[id, ...rows.manifests.of(id)].filter((digest) => !files.has(digest)),
    ];
    if (gone.length === 0) continue;
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
    layers: missingLayers.map(({ diffId }) => diffId).filter((diffId) => unused.has(diffId)),
    blobs: missingBlobs.map(({ digest }) => digest).filter((digest) => unused.has(digest)),
  };
  if (removal.layers.length + removal.blobs.length > 0) ledger.remove(removal, []);
}

/** What makes archives again, and archives that were kept. The images do without. */
function forgetArchives({ ledger, layers, log }: ImageContext, files: ReadonlySet<string>): void {
  const { rows } = ledger;
  const there = new Set(layers.listRecipes());
  const recipes = rows.recipes
    .all()
    .map(({ diffId }) => diffId)
    .filter((diffId) => !there.has(diffId));
  const archives = rows.layerBlobs
    .all()
    .map(({ digest }) => digest)
    .filter((digest) => !files.has(digest));
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
