import type { ImageContext } from '../context.ts';
import { removeUnused } from '../verbs/remove-unused.ts';
import { recoverImages } from './recover.ts';
import { removeDamaged } from './remove-damaged.ts';

/** What broken pulls have left is kept so long for the next one. */
const keptMs = 7 * 24 * 3600_000;

/**
 * Makes files and rows agree, before containers are adopted and calls served. What is removed has no row, so that no container
 * has it; unless rows are lost: then they are first recovered from the files.
 */
export async function adoptImages(
  context: ImageContext,
  { recordsLost }: { readonly recordsLost: boolean },
): Promise<void> {
  context.content.discardDrafts();
  if (recordsLost) await recoverImages(context);
  removeDamaged(context);
  removeStrangers(context);
  await removeUnused(context, Date.now() - keptMs);
}

/** A daemon was killed between the files and their rows, either way. */
function removeStrangers({ ledger: { rows }, layers, content, log }: ImageContext): void {
  const known = new Set([
    ...rows.layers.all().map(({ diffId }) => diffId),
    ...rows.blobs.all().map(({ digest }) => digest),
  ]);
  // What cannot be removed, such as a folder that another user put there, stays: likerd starts nevertheless.
  const remove = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.warn('a file of images without a record cannot be removed; remove it by hand', {
        error: String(error),
      });
    }
  };
  for (const diffId of layers.list()) {
    if (known.has(diffId)) continue;
    log.info('a layer without a record is removed', { layer: diffId });
    remove(() => layers.remove(diffId));
  }
  const recipes = new Set(rows.recipes.all().map(({ diffId }) => diffId));
  for (const diffId of layers.listRecipes())
    if (!recipes.has(diffId)) remove(() => layers.removeRecipe(diffId));
  for (const digest of content.list()) if (!known.has(digest)) remove(() => content.remove(digest));
}
