import type { WriteTar } from './draft-layer.ts';
import type { LayerParts } from './parts.ts';

/** Writes what is in the upper folder of an overlay. A folder without whiteouts is also one. */
export function writeDiff(
  { packer, whiteouts }: Pick<LayerParts, 'packer' | 'whiteouts'>,
  upper: number,
): WriteTar {
  return async (output, signal) => {
    const { archive } = packer.diff({ upper, whiteouts, compression: 'none', output, signal });
    // The program has a descriptor of its own, and its end is to be the end of the tar.
    output.destroy();
    await archive;
  };
}
