import type { UnpackedLayer } from '../../../kernel/unpack/report.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import type { LayerParts } from './parts.ts';

/** The folder holds the whole layer. When this resolves it has its place on the disk, and its row. */
export async function commitLayer(
  { layers, ledger }: Pick<LayerParts, 'layers' | 'ledger'>,
  folder: string,
  { diffId, diskBytes }: Pick<UnpackedLayer, 'diffId' | 'diskBytes'>,
): Promise<LayerRow> {
  const row = { diffId, size: diskBytes, createdAt: Date.now() };
  await layers.commit(folder, diffId);
  ledger.addLayer(row);
  return row;
}
