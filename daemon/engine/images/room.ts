import { statfs } from 'node:fs/promises';
import { LikerError } from '../../../common/errors.ts';
import { formatBytes } from '../../../common/units.ts';
import type { ImageContext } from './context.ts';

/** The archives, and as much again for what is in them. It is more for most, but a pull that has room is not to be refused. */
const factor = 2;

/**
 * Reserves room on the disk for layers that are to come, until it is disposed of. `what` is the image's name. Errors: TOO_MANY, with the
 * numbers.
 */
export async function reserveRoom(
  context: Pick<ImageContext, 'layers' | 'reserved'>,
  layers: readonly { readonly size: number }[],
  what: string,
): Promise<Disposable> {
  const needed = factor * layers.reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = await statfs(context.layers.folder);
  const free = bavail * bsize - context.reserved.bytes;
  if (needed > free) {
    throw new LikerError(
      'TOO_MANY',
      `Cannot pull '${what}': its layers need about ${formatBytes(needed)}, and ${formatBytes(Math.max(free, 0))} are free in '${context.layers.folder}'; make room, such as with likerctl image prune -a`,
      { metadata: { image: what, needed: String(needed), free: String(free) } },
    );
  }
  context.reserved.bytes += needed;
  return {
    [Symbol.dispose]: () => {
      context.reserved.bytes -= needed;
    },
  };
}
