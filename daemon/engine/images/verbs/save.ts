import { tarEnd, tarHeader, tarPadding } from '../../../../common/tar.ts';
import { composeManifest, type Part } from '../../../oci/compose.ts';
import type { ManifestDocument } from '../../../oci/document.ts';
import { compressionOf, typesOf } from '../../../oci/media-types.ts';
import type { LayerProgress, SaveFrame, SaveRequest } from '../api.ts';
import { documentsOf, fileEntry, foldersOf, layerFile, type WrittenImage } from '../archive/written-image.ts';
import type { ImageContext } from '../context.ts';
import { framesOf } from '../frames.ts';
import { paced } from '../layers/paced.ts';
import { type Chosen, chooseImages } from '../model/choose.ts';
import { readConfiguration } from '../model/configuration-file.ts';
import { keptArchive, type LayerArchive, packIntoFile } from '../outgoing/layer-archive.ts';
import { manifestsOf } from '../outgoing/manifests.ts';

/**
 * Writes images into one archive: the layers, one after the other, then the documents. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT,
 * LAYER_DAMAGED, those of packIntoFile.
 */
export function saveImages(
  context: ImageContext,
  request: SaveRequest,
  signal: AbortSignal,
): AsyncIterable<SaveFrame> {
  const chosen = chooseImages(context.ledger.rows, request.references);
  return archive(context, request, chosen, signal);
}

interface Saving {
  readonly context: ImageContext;
  readonly request: SaveRequest;
  readonly signal: AbortSignal;
  /** Gets archives that are made. */
  readonly folder: string;
  /** What is in the archive already, by the digest of a kept archive or by the diff id: images share layers. */
  readonly written: Map<string, Part>;
}

async function* archive(
  context: ImageContext,
  request: SaveRequest,
  chosen: readonly Chosen[],
  signal: AbortSignal,
): AsyncGenerator<SaveFrame> {
  using _lease = context.leases.hold(chosen.map(({ id }) => id));
  const folder = await context.content.beginArchive();
  try {
    const saving = { context, request, signal, folder, written: new Map<string, Part>() };
    for (const name of foldersOf(request.form)) yield data(tarHeader({ kind: 'folder', name, size: 0 }));
    const images: WrittenImage[] = [];
    for (const image of chosen) images.push(yield* writeImage(saving, image));
    for (const file of documentsOf(request.form, images)) yield data(fileEntry(file));
    yield data(tarEnd());
  } finally {
    context.content.discard(folder);
  }
}

async function* writeImage(saving: Saving, { id, names }: Chosen): AsyncGenerator<SaveFrame, WrittenImage> {
  const { context } = saving;
  const { configuration, bytes } = await readConfiguration(context.content, id);
  const manifests = await manifestsOf(context, id);
  const { diff_ids: diffIds } = configuration.rootfs;
  const isSame = (layer: Part, index: number): boolean => {
    const diffId = diffIds[index] ?? '';
    return keptOf(saving, diffId, layer) !== null || isPlain(saving, diffId, layer);
  };
  const whole = manifests.find(({ content: { layers } }) => layers.every(isSame)) ?? null;
  const known = whole ?? manifests[0] ?? null;
  const layers: Part[] = [];
  for (const [index, diffId] of diffIds.entries())
    layers.push(yield* writeLayer(saving, diffId, known?.content.layers[index] ?? null));
  const digests = layers.map(({ digest }) => digest);
  const manifest = whole ?? newManifest(id, bytes, layers);
  return { id, bytes, configuration, names, layers: digests, manifest };
}

/** Readers of OCI layouts need not know Docker's types. */
function newManifest(id: string, bytes: Buffer, layers: readonly Part[]): ManifestDocument {
  const { configuration: mediaType } = typesOf.oci;
  const configuration = { mediaType, digest: id, size: bytes.length, annotations: null };
  return composeManifest({ family: 'oci', configuration, layers });
}

/** The archive that the manifest names, if it is kept, and is to be compressed so. */
function keptOf({ context, request }: Saving, diffId: string, layer: Part): LayerArchive | null {
  const compression = compressionOf(layer.mediaType);
  if (compression === null || (request.compression ?? compression) !== compression) return null;
  return keptArchive(context, diffId, layer.digest);
}

/** It is not compressed, and is not to be: what is made has the same bytes. */
function isPlain({ request }: Saving, diffId: string, layer: Part): boolean {
  return layer.digest === diffId && (request.compression ?? 'none') === 'none';
}

async function* writeLayer(
  saving: Saving,
  diffId: string,
  known: Part | null,
): AsyncGenerator<SaveFrame, Part> {
  const { written, request } = saving;
  await using kept = known && keptOf(saving, diffId, known);
  const key = kept?.digest ?? diffId;
  const there = written.get(key);
  if (there) return there;
  await using archive = kept ?? (yield* packed(saving, diffId));
  const { digest, size } = archive;
  const compression = (kept && known && compressionOf(known.mediaType)) ?? request.compression ?? 'none';
  const part = { mediaType: typesOf.oci.layers[compression], digest, size, annotations: null };
  written.set(key, part);
  yield data(tarHeader({ kind: 'file', name: layerFile(request.form, digest), size }));
  yield* bytesOf(archive, diffId);
  yield data(tarPadding(size));
  return part;
}

/** Makes the archive, and tells meanwhile how far it is. */
async function* packed(
  { context, request, folder, signal }: Saving,
  diffId: string,
): AsyncGenerator<SaveFrame, LayerArchive> {
  const { promise, resolve } = Promise.withResolvers<LayerArchive>();
  yield* framesOf<SaveFrame>(async (push, either) => {
    const report = paced((stage, bytes: number) => push(progress({ digest: diffId, stage, bytes }), diffId));
    const compression = request.compression ?? 'none';
    const pack = { diffId, compression, folder, onProgress: (bytes: number) => report('packing', bytes) };
    resolve(await packIntoFile(context, pack, either));
  }, signal);
  return await promise;
}

async function* bytesOf({ size, read }: LayerArchive, diffId: string): AsyncGenerator<SaveFrame> {
  const waiting: SaveFrame[] = [];
  const report = paced((stage, bytes: number) =>
    waiting.push(progress({ digest: diffId, stage, bytes, totalBytes: size })),
  );
  let sent = 0;
  for await (const bytes of read(0)) {
    yield data(bytes);
    sent += bytes.length;
    report(sent === size ? 'done' : 'sending', sent);
    yield* waiting.splice(0);
  }
}

function progress(layer: Omit<LayerProgress, 'totalBytes'> & { readonly totalBytes?: number }): SaveFrame {
  return { kind: 'progress', layer: { totalBytes: 0, ...layer } };
}

function data(bytes: Uint8Array): SaveFrame {
  return { kind: 'data', bytes };
}
