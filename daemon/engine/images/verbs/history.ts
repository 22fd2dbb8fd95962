import type { HistoryEntry } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { readConfiguration } from '../model/configuration-file.ts';
import { findImage } from '../model/find.ts';
import { timeOf } from '../model/summary.ts';

/** How an image was made, the last step first. Layers without a step are told at the end. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, LAYER_DAMAGED. */
export async function imageHistory(
  { ledger: { rows }, content }: Pick<ImageContext, 'ledger' | 'content'>,
  reference: string,
): Promise<HistoryEntry[]> {
  const { image } = findImage(rows, reference);
  const { configuration } = await readConfiguration(content, image.id);
  const sizes = rows.layers.of(image.id).map(({ size }) => size);
  const missing = { created: '', created_by: '', comment: '', empty_layer: false };
  const told = configuration.history.filter(({ empty_layer: isEmpty }) => !isEmpty).length;
  const steps = [...Array.from({ length: sizes.length - told }, () => missing), ...configuration.history];
  let layer = 0;
  const entries = steps.map((step) => ({
    createdAt: timeOf(step.created),
    createdBy: step.created_by,
    comment: step.comment,
    sizeBytes: step.empty_layer ? 0 : (sizes[layer++] ?? 0),
    names: [] as readonly string[],
    imageId: '',
  }));
  const last = entries.at(-1);
  if (last) Object.assign(last, { imageId: image.id, names: rows.imageNames.of(image.id) });
  return entries.reverse();
}
