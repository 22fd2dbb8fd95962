import { LikerError } from '../../../../common/errors.ts';
import { mostLayers } from '../../images/model/most-layers.ts';

/** Throws BAD_ROOTFS for an image of which no overlay can be made. `name`: as it was asked for, in `field`. */
export function requireLayers(
  { id, diffIds }: { readonly id: string; readonly diffIds: readonly string[] },
  name: string,
  field: string,
): void {
  if (diffIds.length === 0)
    throw new LikerError(
      'BAD_ROOTFS',
      `Cannot use image '${name}': it has no layers, and so no program; run a directory instead`,
      { field, metadata: { image: id } },
    );
  if (diffIds.length > mostLayers)
    throw new LikerError(
      'BAD_ROOTFS',
      `Cannot use image '${name}': it has ${diffIds.length} layers, and an overlay has at most ${mostLayers}; make an image with fewer, such as of its files (umoci unpack, or docker export and import)`,
      { field, metadata: { image: id, layers: String(diffIds.length) } },
    );
}
