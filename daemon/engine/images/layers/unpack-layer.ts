import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { hasReason, LikerError } from '../../../../common/errors.ts';
import type { UnpackedLayer } from '../../../kernel/archive/report.ts';
import type { Unpacking } from '../../../kernel/archive/unpack.ts';
import type { BlobRow } from '../../../store/tables/blob.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import type { LayerProgress, Stage } from '../api.ts';
import { commitLayer } from './commit-layer.ts';
import { layerLimits } from './limits.ts';
import { paced } from './paced.ts';
import type { LayerParts } from './parts.ts';
import type { LayerSource, OpenSource } from './source.ts';

export interface UnpackRequest {
  readonly source: LayerSource;
  readonly diffId: string;
  /** Keep its archive as a blob, unless that is not compressed: then its recipe gives the same bytes. */
  readonly keep: boolean;
}

/**
 * Brings the archive of a layer, unpacks it while it comes, checks what it is, and commits it: the layer is on the disk, and has its row,
 * when this resolves. Errors: BAD_IMAGE, BAD_ARCHIVE, those of the source and of the unpacker.
 */
export async function unpackLayer(
  parts: LayerParts,
  { source, diffId, keep }: UnpackRequest,
  report: (progress: LayerProgress) => void,
  signal: AbortSignal,
): Promise<LayerRow> {
  await using archive = await source.open();
  const folder = await parts.layers.begin();
  let kept: BlobRow | null = null;
  try {
    const unpacked = await bringAndUnpack(parts, { source, archive, folder }, report, signal);
    checkLayer(source, diffId, unpacked);
    // Of a plain archive that was compressed nobody knew it before.
    using _archive = parts.leases.hold([unpacked.digest]);
    if (keep && unpacked.compression !== 'none') kept = await keepArchive(parts, archive, unpacked);
    const row = await commitLayer(parts, folder, unpacked, kept);
    await archive.taken();
    report({ digest: source.digest, stage: 'done', bytes: source.size, totalBytes: source.size });
    return row;
  } catch (error) {
    parts.layers.abandon(folder);
    if (kept !== null && !parts.ledger.rows.blobs.has(kept.digest)) parts.content.remove(kept.digest);
    if (hasReason(error, 'BAD_IMAGE') || hasReason(error, 'BAD_ARCHIVE')) await archive.refused();
    throw error;
  }
}

/** Before the layer is committed, so that its bytes are on the disk by then. */
async function keepArchive(
  { content }: LayerParts,
  { fd }: OpenSource,
  { digest, size }: UnpackedLayer,
): Promise<BlobRow> {
  if ((await content.size(digest)) !== size) await content.keep(fd, digest);
  return { digest, size, createdAt: Date.now() };
}

interface Work {
  readonly source: LayerSource;
  readonly archive: OpenSource;
  readonly folder: string;
}

/** Both at once. If one fails, the other is ended; the first error counts. */
async function bringAndUnpack(
  parts: LayerParts,
  { source, archive, folder }: Work,
  report: (progress: LayerProgress) => void,
  signal: AbortSignal,
): Promise<UnpackedLayer> {
  const { digest, size: totalBytes } = source;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const tell = paced((stage: Stage, bytes: number) => report({ digest, stage, bytes, totalBytes }));
  let unpacking: Unpacking | null = null;
  let there = archive.there;
  let isComplete = archive.bring === null;

  const bring = async (): Promise<void> => {
    if (archive.bring === null) return;
    using _place = await parts.downloads.enter();
    either.throwIfAborted();
    await archive.bring((end) => {
      there = end;
      unpacking?.available(end);
      tell('downloading', end);
    }, either);
    isComplete = true;
    unpacking?.end(totalBytes);
  };
  const unpack = async (): Promise<UnpackedLayer> => {
    using _place = await parts.unpacks.enter();
    await using target = await open(folder, constants.O_DIRECTORY);
    await using recipe = await open(parts.layers.recipeDraft(folder), 'wx+', 0o600);
    // The archive may have failed to come meanwhile.
    either.throwIfAborted();
    unpacking = parts.unpacker.start({
      source: archive.fd,
      target: target.fd,
      recipe: recipe.fd,
      whiteouts: parts.whiteouts,
      ...layerLimits,
      onProgress: (progress) => {
        if (isComplete) tell('unpacking', progress.in);
      },
      signal: either,
    });
    if (isComplete) unpacking.end(totalBytes);
    else unpacking.available(there);
    // Awaited here, so that the place is held until then.
    return await unpacking.layer;
  };

  tell('waiting', there);
  let first: unknown;
  const orEnd = (error: unknown): never => {
    if (!failed.signal.aborted) first = error;
    failed.abort(error);
    throw error;
  };
  const [result] = await Promise.allSettled([unpack().catch(orEnd), bring().catch(orEnd)]);
  if (failed.signal.aborted) throw signal.aborted ? cancelled(signal) : first;
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

function cancelled(signal: AbortSignal): Error {
  const { reason } = signal;
  return reason instanceof LikerError ? reason : new LikerError('CANCELLED', 'The call was cancelled');
}

/** Throws BAD_IMAGE unless it is what the manifest and the configuration say. */
function checkLayer(source: LayerSource, diffId: string, unpacked: UnpackedLayer): void {
  const refuse = (what: string, is: string | number, wanted: string | number): Error =>
    new LikerError(
      'BAD_IMAGE',
      `Cannot use layer ${source.digest}: ${what} is ${is}, and the image says ${wanted}; get the image again`,
      { metadata: { layer: source.digest, diff_id: diffId } },
    );
  if (unpacked.size !== source.size) throw refuse('its size', unpacked.size, source.size);
  if (source.digest !== diffId && unpacked.digest !== source.digest) {
    throw refuse('its digest', unpacked.digest, source.digest);
  }
  if (unpacked.diffId !== diffId) throw refuse('its uncompressed digest', unpacked.diffId, diffId);
}
