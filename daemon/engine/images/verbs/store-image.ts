import { digestOf } from '../../../../common/digest.ts';
import { LikerError } from '../../../../common/errors.ts';
import { familiar } from '../../../../common/image-name.ts';
import { together } from '../../../loop/together.ts';
import type { Document } from '../../../oci/document.ts';
import type { ImageView, LayerProgress } from '../api.ts';
import type { ImageContext } from '../context.ts';
import type { LayerSource } from '../layers/source.ts';
import { type UnpackRequest, unpackLayer } from '../layers/unpack-layer.ts';
import { parseConfiguration } from '../model/configuration.ts';
import { type ImageAction, imageEvent } from '../model/events.ts';
import { findById } from '../model/find.ts';
import { viewImage } from '../view.ts';
import { addImage } from './add-image.ts';

/** An image that comes, from wherever. */
export interface Coming {
  readonly configuration: Buffer;
  /** The lowest first. */
  readonly layers: readonly LayerSource[];
  /** Its manifest and the indexes that lead to it. */
  readonly documents: readonly Document[];
  /** Canonical, with tags. */
  readonly names: readonly string[];
  /** Where it came from, by digests of `documents`. */
  readonly digests: readonly { readonly repository: string; readonly digest: string }[];
  /** Keep the archives of its layers. */
  readonly keepBlobs: boolean;
  /** What happens, and the name that its event has. */
  readonly event: { readonly action: ImageAction; readonly name: string };
}

/**
 * Brings the layers that are not here, side by side, and stores the image with its names when all are. Layers that came before a failure
 * stay for the next try. Errors: BAD_IMAGE, those of unpackLayer.
 */
export async function storeImage(
  context: ImageContext,
  coming: Coming,
  onProgress: (layer: LayerProgress) => void,
  signal: AbortSignal,
): Promise<ImageView> {
  const { configuration, layers, documents, names, digests, keepBlobs, event } = coming;
  const id = digestOf(configuration);
  const diffIds = parseConfiguration(configuration, 'its configuration').rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    throw new LikerError(
      'BAD_IMAGE',
      `Cannot use image ${id}: its manifest has ${layers.length} layers, and its configuration ${diffIds.length}`,
      { metadata: { image: id } },
    );
  }
  requireSha256([...layers, ...documents], id);
  // With the archives of its layers, so that a prune leaves what has come of them.
  using _lease = context.leases.hold([
    id,
    ...diffIds,
    ...[...layers, ...documents].map(({ digest }) => digest),
  ]);
  // An image may have the same layer twice.
  const wanted = new Map(layers.map((source, index) => [diffIds[index] ?? '', source]));
  const keep = keepBlobs || context.keepsBlobs;
  await bringLayers(
    context,
    [...wanted].map(([diffId, source]) => ({ source, diffId, keep })),
    onProgress,
    signal,
  );
  const createdAt = Date.now();
  const files = [configuration, ...documents.map(({ bytes }) => bytes)];
  const blobs = await Promise.all(
    files.map(async (bytes) => ({
      digest: await context.content.write(bytes),
      size: bytes.length,
      createdAt,
    })),
  );
  const [first] = names;
  addImage(
    context,
    {
      image: { id, createdAt },
      diffIds,
      blobs,
      manifests: documents.map(({ digest }) => digest),
      digests,
      names,
    },
    imageEvent(event.action, id, event.name || (first === undefined ? id : familiar(first))),
  );
  return viewImage(context, findById(context.ledger.rows, id));
}

/** Everything here is known by it. Other algorithms are allowed, and nobody uses them. */
function requireSha256(all: readonly { readonly digest: string }[], id: string): void {
  const other = all.find(({ digest }) => !digest.startsWith('sha256:'));
  if (!other) return;
  throw new LikerError('BAD_IMAGE', `Cannot use image ${id}: '${other.digest}' is no digest by SHA-256`, {
    metadata: { image: id, digest: other.digest },
  });
}

/**
 * A row without a folder is a damaged layer, which comes again; so does one of which its archive could not be made again. `keep`: its archive
 * with this digest has to be here, too.
 */
export async function isHere(
  { ledger: { rows }, layers }: Pick<ImageContext, 'ledger' | 'layers'>,
  diffId: string,
  { digest, keep }: { readonly digest: string; readonly keep: boolean },
): Promise<boolean> {
  if (!rows.layers.has(diffId) || rows.recipes.sizeOf(diffId) === null) return false;
  if (keep && digest !== diffId && !rows.layerBlobs.has(digest)) return false;
  return (await layers.exists(diffId)) && (await layers.recipeSize(diffId)) !== null;
}

/** One fails: the others are ended, and what they have brought so far stays. */
function bringLayers(
  context: ImageContext,
  wanted: readonly UnpackRequest[],
  onProgress: (layer: LayerProgress) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const bring = async (request: UnpackRequest, either: AbortSignal): Promise<void> => {
    const { digest, size } = request.source;
    const { diffId, keep } = request;
    if (await isHere(context, diffId, { digest, keep })) {
      onProgress({ digest, stage: 'exists', bytes: size, totalBytes: size });
      return;
    }
    const join = () =>
      context.jobs.join(
        `${digest} ${diffId}`,
        (report, ofJob) => unpackLayer(context, request, report, ofJob),
        onProgress,
        either,
      );
    await join();
    // Whoever had begun did not keep the archive.
    if (keep && !(await isHere(context, diffId, { digest, keep }))) await join();
  };
  return together(wanted, bring, signal);
}
