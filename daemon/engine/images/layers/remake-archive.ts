import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LikerError } from '../../../../common/errors.ts';
import type { PackOptions } from '../../../kernel/archive/pack.ts';
import type { PackedArchive } from '../../../kernel/archive/report.ts';
import type { LayerParts } from './parts.ts';

/**
 * Makes the archive of a layer again. When uncompressed it has the same bytes as the one that came; as it is compressed here, it may have
 * another digest. Hold the layer until it is complete. Errors: RECIPE_MISSING, LAYER_DAMAGED, those of the packer.
 */
export async function remakeArchive(
  parts: LayerParts,
  diffId: string,
  options: PackOptions,
): Promise<PackedArchive> {
  const { layers, packer } = parts;
  await using recipe = await openRecipe(parts, diffId);
  await using folder = await openFolder(layers.of(diffId), diffId);
  const packed = await packer.recipe({ recipe: recipe.fd, folder: folder.fd, ...options });
  if (packed.diffId === diffId) return packed;
  throw damaged(diffId, `its archive has the digest ${packed.diffId}`);
}

async function openRecipe({ layers, ledger: { rows } }: LayerParts, diffId: string): Promise<FileHandle> {
  if (rows.recipes.sizeOf(diffId) === null) {
    throw new LikerError(
      'RECIPE_MISSING',
      `Cannot make the archive of layer ${diffId} again: the likerd that unpacked it kept nothing for that; pull or load the image again`,
      { metadata: { layer: diffId } },
    );
  }
  return open(layers.recipeOf(diffId)).catch((error: NodeJS.ErrnoException) => {
    throw damaged(diffId, `its recipe cannot be opened (${error.code ?? error.message})`);
  });
}

function openFolder(path: string, diffId: string): Promise<FileHandle> {
  return open(path, constants.O_DIRECTORY).catch((error: NodeJS.ErrnoException) => {
    throw damaged(diffId, `its folder cannot be opened (${error.code ?? error.message})`);
  });
}

function damaged(diffId: string, why: string): LikerError {
  return new LikerError(
    'LAYER_DAMAGED',
    `Cannot make the archive of layer ${diffId} again: ${why}; remove the image and pull it again`,
    { metadata: { layer: diffId } },
  );
}
