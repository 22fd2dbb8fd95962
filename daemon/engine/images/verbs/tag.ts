import { canonicalName, familiarName } from '../../../../common/image-name.ts';
import type { ImageContext } from '../context.ts';
import { imageEvent } from '../model/events.ts';
import { findImage } from '../model/find.ts';
import { parseTagName } from '../model/tag-name.ts';

/** Gives an image one more name, and takes it from any other. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT. */
export function tagImage({ ledger }: Pick<ImageContext, 'ledger'>, reference: string, name: string): void {
  const { image } = findImage(ledger.rows, reference);
  const parsed = parseTagName(name, 'name');
  ledger.tag(image.id, canonicalName(parsed), imageEvent('tag', image.id, familiarName(parsed)));
}
