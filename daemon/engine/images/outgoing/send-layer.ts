import { type ImageName, parseImageName, repositoryOf } from '../../../../common/image-name.ts';
import { leaveBehind } from '../../../loop/garbage.ts';
import type { Part } from '../../../oci/compose.ts';
import { type Compression, compressionOf, type Family, typesOf } from '../../../oci/media-types.ts';
import type { Blob, Repository } from '../../../registry/api.ts';
import type { LayerProgress, Stage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { paced } from '../layers/paced.ts';
import { keptArchive, type LayerArchive, packIntoFile } from './layer-archive.ts';

export interface Destination {
  readonly name: ImageName;
  readonly repository: Repository;
  /** Gets archives that are made. */
  readonly folder: string;
}

/** A layer that goes. */
export interface Outgoing {
  readonly diffId: string;
  /** What the image's manifest says of its archive; null: there is no manifest. */
  readonly known: Part | null;
  readonly family: Family;
}

/** As many as Docker asks for. */
const mostMounts = 4;

/**
 * Makes a repository have the archive of a layer: the one that the manifest names if it is there, comes from another repository of the
 * registry, or is kept here; else one that is made again, with the same compression. Returns what the manifest has to say of it: `known`
 * itself, or something new. Errors: those of the registry and of packIntoFile.
 */
export async function sendLayer(
  context: ImageContext,
  destination: Destination,
  { diffId, known, family }: Outgoing,
  onProgress: (layer: LayerProgress) => void,
  signal: AbortSignal,
): Promise<Part> {
  const report: Report = paced((stage, bytes, totalBytes, more = {}) =>
    onProgress({ digest: diffId, stage, bytes, totalBytes, ...more }),
  );
  report('waiting', 0, known?.size ?? 0);
  const way = { context, destination, diffId, report, signal };
  if (known !== null) {
    const kept = keptArchive(context, diffId, known.digest);
    if ((await isThere(way, known)) || (kept !== null && (await upload(way, kept)))) return known;
  }
  const compression = (known && compressionOf(known.mediaType)) ?? 'gzip';
  const made = context.packed.get(keyOf(diffId, compression));
  const mediaType = typesOf[family].layers[compression];
  // The same bytes as they came, of what is not compressed, or was as it is here.
  const partOf = ({ digest, size }: Blob): Part =>
    known?.digest === digest ? known : { mediaType, annotations: null, digest, size };
  if (made !== undefined && (await isThere(way, made))) return partOf(made);
  await using archive = await packIntoFile(
    context,
    {
      diffId,
      compression,
      folder: destination.folder,
      onProgress: (bytes) => report('packing', bytes, 0),
    },
    signal,
  );
  const { digest, size } = archive;
  context.packed.set(keyOf(diffId, compression), { digest, size });
  if (!(await isThere(way, archive))) await upload(way, archive);
  return partOf(archive);
}

function keyOf(diffId: string, compression: Compression): string {
  return `${diffId} ${compression}`;
}

type Report = (
  stage: Stage,
  bytes: number,
  totalBytes: number,
  more?: Pick<LayerProgress, 'mountedFrom'>,
) => void;

interface Way {
  readonly context: ImageContext;
  readonly destination: Destination;
  readonly diffId: string;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** The repository has the blob, or the registry gives it the one of another repository. */
async function isThere(way: Way, { digest, size }: Blob): Promise<boolean> {
  const { context, diffId, report, signal } = way;
  const { name, repository } = way.destination;
  if (await repository.hasBlob(digest, signal)) {
    report('exists', size, size);
    return true;
  }
  const others = context.ledger.rows.manifests
    .repositoriesWith(diffId)
    .filter((other) => other.startsWith(`${name.host}/`) && other !== repositoryOf(name));
  for (const from of others.slice(0, mostMounts)) {
    if (!(await repository.mount(digest, parseImageName(from, 'name'), signal))) continue;
    report('mounted', size, size, { mountedFrom: from });
    return true;
  }
  return false;
}

async function upload(way: Way, { digest, size, read }: LayerArchive): Promise<true> {
  const { context, destination, report, signal } = way;
  using _place = await context.uploads.enter();
  signal.throwIfAborted();
  const counted = async function* (offset: number): AsyncGenerator<Uint8Array> {
    let bytes = offset;
    for await (const chunk of read(offset)) {
      yield chunk;
      leaveBehind(chunk.length);
      bytes += chunk.length;
      report('sending', bytes, size);
    }
  };
  await destination.repository.upload({ digest, size }, counted, signal);
  report('done', size, size);
  return true;
}
