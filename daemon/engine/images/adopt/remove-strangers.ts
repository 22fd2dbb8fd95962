import type { ImageContext } from '../context.ts';
import { compareImages } from './compare.ts';

/** Removes files without a row, and what no call is writing any more: a daemon was killed before the row, or before the removal of the file. */
export function removeStrangers(context: ImageContext): void {
  const { layers, content, log } = context;
  const { strange, drafts } = compareImages(context);
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
  for (const name of drafts) remove(() => content.discardDraft(name));
  for (const diffId of strange.layers) {
    log.info('a layer without a record is removed', { layer: diffId });
    remove(() => layers.remove(diffId));
  }
  for (const diffId of strange.recipes) remove(() => layers.removeRecipe(diffId));
  for (const digest of strange.blobs) remove(() => content.remove(digest));
}
