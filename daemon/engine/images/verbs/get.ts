import type { ImageDetails } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { readConfiguration } from '../model/configuration-file.ts';
import { findImage } from '../model/find.ts';
import { viewImage } from '../view.ts';

/** One image with its configuration. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, LAYER_DAMAGED. */
export async function getImage(context: ImageContext, reference: string): Promise<ImageDetails> {
  const { image } = findImage(context.ledger.rows, reference);
  const { configuration, bytes } = await readConfiguration(context.content, image.id);
  return {
    ...(await viewImage(context, image)),
    configuration,
    configurationText: bytes.toString(),
    layers: context.ledger.rows.layers.of(image.id).map(({ diffId, size }) => ({ diffId, sizeBytes: size })),
  };
}
