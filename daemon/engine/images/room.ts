import { statfs } from 'node:fs/promises';
import { LikerError } from '../../../common/errors.ts';
import { formatBytes } from '../../../common/units.ts';
import type { LayerProgress } from './api.ts';
import type { ImageContext } from './context.ts';

/** The archives, and as much again for what is in them. It is more for most, but a pull that has room is not to be refused. */
const factor = 2;

/** Room for layers, until it is disposed of. */
export interface Room extends Disposable {
  /** What has come of a layer takes room on the disk, and needs no reservation any more. */
  came(layer: Pick<LayerProgress, 'digest' | 'stage' | 'bytes'>): void;
}

/** Reserves room on the disk for layers that are to come. `what` is the image's name. Errors: TOO_MANY, with the numbers. */
export async function reserveRoom(
  context: Pick<ImageContext, 'layers' | 'reserved'>,
  layers: readonly { readonly digest: string; readonly size: number }[],
  what: string,
): Promise<Room> {
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
  const left = new Map(layers.map(({ digest, size }) => [digest, factor * size]));
  const keep = (digest: string, bytes: number): void => {
    const before = left.get(digest) ?? 0;
    if (bytes >= before) return;
    context.reserved.bytes += bytes - before;
    left.set(digest, bytes);
  };
  context.reserved.bytes += [...left.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    came({ digest, stage, bytes }) {
      const size = layers.find((layer) => layer.digest === digest)?.size ?? 0;
      if (stage === 'downloading') keep(digest, factor * (size - bytes));
      else if (stage !== 'waiting') keep(digest, 0);
    },
    [Symbol.dispose]: () => {
      for (const digest of left.keys()) keep(digest, 0);
    },
  };
}
