import type { NewEvent } from '../../journal/event.ts';
import type { ImageContext } from '../context.ts';
import type { NewImage } from '../model/ledger.ts';

/**
 * Stores the rows of an image whose files are on the disk. Hold the digests of its blobs. If the rows cannot be stored, as on a full disk, the
 * blobs go that nobody else has.
 */
export function addImage(
  { ledger, leases, content }: Pick<ImageContext, 'ledger' | 'leases' | 'content'>,
  image: NewImage,
  ...events: readonly NewEvent[]
): void {
  try {
    ledger.addImage(image, ...events);
  } catch (error) {
    for (const { digest } of image.blobs)
      if (!ledger.rows.blobs.has(digest) && leases.count(digest) <= 1) content.remove(digest);
    throw error;
  }
}
