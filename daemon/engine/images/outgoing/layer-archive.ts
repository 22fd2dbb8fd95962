import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compression } from '../../../oci/media-types.ts';
import type { ReadBlob } from '../../../registry/api.ts';
import type { ImageContext } from '../context.ts';
import { remakeArchive } from '../layers/remake-archive.ts';

/** The archive of a layer, in a file. Disposing of it removes the file if it was made for this. */
export interface LayerArchive extends AsyncDisposable {
  readonly digest: string;
  readonly size: number;
  readonly read: ReadBlob;
}

const chunkBytes = 256 * 1024;

/** The archive of a layer with this digest, as it came; null: it is not kept. */
export function keptArchive(
  { ledger: { rows }, content }: Pick<ImageContext, 'ledger' | 'content'>,
  diffId: string,
  digest: string,
): LayerArchive | null {
  const blob = rows.layerBlobs.of(diffId).find((kept) => kept.digest === digest);
  if (!blob) return null;
  const { size } = blob;
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

/** Makes the archive of a layer again, into a file. Errors: those of remakeArchive. */
export async function packIntoFile(
  context: ImageContext,
  { diffId, compression, folder, onProgress }: Pack,
  signal: AbortSignal,
): Promise<LayerArchive> {
  using _place = await context.packs.enter();
  signal.throwIfAborted();
  const path = join(folder, randomUUID());
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    await using output = await open(path, 'wx', 0o600);
    const { digest, size } = await remakeArchive(context, diffId, {
      compression,
      output: output.fd,
      onProgress: (progress) => onProgress(progress.in),
      signal,
    });
    return { digest, size, read: readerOf(path), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function readerOf(path: string): ReadBlob {
  return (start) => createReadStream(path, { start, highWaterMark: chunkBytes });
}
