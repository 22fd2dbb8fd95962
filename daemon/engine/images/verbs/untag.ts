import { canonicalName, familiar, parseImageName, withDefaultTag } from '../../../../common/image-name.ts';
import type { ImageContext } from '../context.ts';
import { imageEvent } from '../model/events.ts';
import { findImage } from '../model/find.ts';

/** Takes these names, or all if there are none, from an image, which stays. Returns those that it had. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT. */
export function untagImage(
  { ledger }: Pick<ImageContext, 'ledger'>,
  reference: string,
  names: readonly string[],
): readonly string[] {
  const { image } = findImage(ledger.rows, reference);
  const wanted = new Set(names.map((name) => canonicalName(withDefaultTag(parseImageName(name, 'names')))));
  const taken = ledger.rows.imageNames.of(image.id).filter((name) => wanted.size === 0 || wanted.has(name));
  ledger.untag(
    { names: taken, digests: [] },
    taken.map((name) => imageEvent('untag', image.id, familiar(name))),
  );
  return taken;
}
