import { createReadStream } from 'node:fs';
import { LikerError } from '../../../../common/errors.ts';
import type { Descriptor } from '../../../oci/document.ts';
import type { Compression } from '../../../oci/media-types.ts';
import type { ReadBlob } from '../../../registry/api.ts';
import type { ImageContext } from '../context.ts';

/** The archive of a layer, in a file. Disposing of it removes the file if it was made for this. */
export interface LayerArchive extends AsyncDisposable {
  readonly digest: string;
  readonly size: number;
  readonly read: ReadBlob;
}

const chunkBytes = 256 * 1024;

/** The archive as it came; null: it is not kept. */
export function keptArchive(
  { ledger: { rows }, content }: Pick<ImageContext, 'ledger' | 'content'>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): LayerArchive | null {
  if (!digest.startsWith('sha256:') || !rows.blobs.has(digest)) return null;
  return { digest, size, read: readerOf(content.path(digest)), [Symbol.asyncDispose]: async () => {} };
}

export interface Pack {
  readonly diffId: string;
  readonly compression: Compression;
  /** Gets the archive as a file. */
  readonly folder: string;
  /** Bytes of the uncompressed archive so far. */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Makes the archive of a layer again, from its recipe and its files, and checks that it is the same. Errors: RECIPE_MISSING, LAYER_DAMAGED,
 * TOO_MANY when there is no room, those of the packer.
 */
export async function packLayer(
  _context: ImageContext,
  { diffId }: Pack,
  _signal: AbortSignal,
): Promise<LayerArchive> {
  throw new LikerError(
    'RECIPE_MISSING',
    `Cannot make the archive of layer ${diffId} again: there is no recipe of it; remove the image and pull it again`,
    { metadata: { layer: diffId } },
  );
}

function readerOf(path: string): ReadBlob {
  return (start) => createReadStream(path, { start, highWaterMark: chunkBytes });
}
