import type { UnpackedLayer } from '../../../kernel/archive/report.ts';
import type { BlobRow } from '../../../store/tables/blob.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import type { LayerParts } from './parts.ts';

/**
 * The folder holds the whole layer, and it has a recipe. When this resolves both have their places on the disk, and their rows; so has
 * its archive, if that is kept as a blob.
 */
export async function commitLayer(
  { layers, ledger }: Pick<LayerParts, 'layers' | 'ledger'>,
  folder: string,
  { diffId, diskBytes }: Pick<UnpackedLayer, 'diffId' | 'diskBytes'>,
  archive: BlobRow | null = null,
): Promise<LayerRow> {
  const row = { diffId, size: diskBytes, createdAt: Date.now() };
  try {
    await layers.commit(folder, diffId, (recipeSize) =>
      ledger.addLayer({ layer: row, recipeSize, archives: archive ? [archive] : [] }),
    );
  } catch (error) {
    // As on a full disk. It would stay until the next start.
    if (!ledger.rows.layers.has(diffId)) layers.remove(diffId);
    throw error;
  }
  return row;
}
