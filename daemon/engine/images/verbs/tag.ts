import { badArgument } from '../../../../common/errors.ts';
import {
  canonicalName,
  familiarName,
  parseImageName,
  withDefaultTag,
} from '../../../../common/image-name.ts';
import type { ImageContext } from '../context.ts';
import { imageEvent } from '../model/events.ts';
import { findImage } from '../model/find.ts';

/** Gives an image one more name, and takes it from any other. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT. */
export function tagImage({ ledger }: Pick<ImageContext, 'ledger'>, reference: string, name: string): void {
  const { image } = findImage(ledger.rows, reference);
  const parsed = withDefaultTag(parseImageName(name, 'name'));
  if (parsed.digest !== null) {
    throw badArgument(
      'name',
      `Invalid name '${name}': an image is known by a digest only where it was pulled from`,
    );
  }
  ledger.tag(image.id, canonicalName(parsed), imageEvent('tag', image.id, familiarName(parsed)));
}
