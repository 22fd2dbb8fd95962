import type { ImageRow } from '../../store/tables/image.ts';
import type { ImageView } from './api.ts';
import type { ImageContext } from './context.ts';

/** An image as the edge sees it. */
export async function viewImage(
  { ledger: { rows }, summaries }: Pick<ImageContext, 'ledger' | 'summaries'>,
  { id, createdAt: storedAt }: ImageRow,
): Promise<ImageView> {
  const layers = new Map(rows.layers.of(id).map(({ diffId, size }) => [diffId, size]));
  return {
    id,
    storedAt,
    names: rows.imageNames.of(id),
    digests: rows.manifests.digestsOf(id).map(({ repository, digest }) => `${repository}@${digest}`),
    sizeBytes: [...layers.values()].reduce((sum, size) => sum + size, 0),
    containers: rows.containerImages.containersOf(id).length,
    ...(await summaries.of(id)),
  };
}
