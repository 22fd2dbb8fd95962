import type { WriteTar } from './draft-layer.ts';
import type { LayerParts } from './parts.ts';

/**
 * Writes what is in the upper folder of an overlay, without its bytes passing through likerd. A folder without whiteouts is also one.
 * `onStart` gets what settles when the folder is no longer read.
 */
export function writeDiff(
  { packer, whiteouts }: Pick<LayerParts, 'packer' | 'whiteouts'>,
  upper: number,
  onStart: (over: Promise<unknown>) => void = () => {},
): WriteTar {
  return async (output, signal) => {
    const archive = packer.diff({ upper, whiteouts, output, signal });
    onStart(archive);
    // The program has a descriptor of its own, and its end is to be the end of the tar.
    output.destroy();
    await archive;
  };
}
