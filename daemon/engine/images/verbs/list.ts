import { Slices } from '../../../loop/turns.ts';
import type { Filter } from '../../filter.ts';
import type { ImageView } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageFilter, referredNames } from '../model/filter.ts';
import { viewImage } from '../view.ts';

/** The images that fit the filters, newest first. Errors: BAD_ARGUMENT, IMAGE_NOT_FOUND in before and since. */
export async function listImages(
  context: ImageContext,
  filters: readonly Filter[],
): Promise<readonly ImageView[]> {
  const { rows } = context.ledger;
  const wanted = await imageFilter(context, filters);
  const found: ImageView[] = [];
  const slices = new Slices();
  for (const image of rows.images.all()) {
    if (slices.over) await slices.next();
    const view = await viewImage(context, image);
    if (wanted(view)) found.push({ ...view, names: referredNames(view.names, filters) });
  }
  return found.sort(newestFirst);
}

/** An image that does not say when it was made is old. */
function newestFirst(one: ImageView, other: ImageView): number {
  return (other.createdAt ?? 0) - (one.createdAt ?? 0) || (one.id < other.id ? -1 : 1);
}
