import { type Manifest, readDocument } from '../../../oci/document.ts';
import type { BlobRow } from '../../../store/tables/blob.ts';
import type { ImageContext } from '../context.ts';
import { parseConfiguration } from '../model/configuration.ts';
import { maxConfigurationBytes } from '../model/configuration-file.ts';

/** The database is lost: images are those whose configuration and layers are here. Their names are lost with it. */
export async function recoverImages(context: ImageContext): Promise<void> {
  const { ledger, layers, content, log } = context;
  const folders = new Set(layers.list());
  const createdAt = Date.now();
  const addLayer = async (diffId: string, archives: readonly BlobRow[]): Promise<void> => {
    const layer = { diffId, size: await layers.size(diffId), createdAt };
    ledger.addLayer({ layer, recipeSize: await layers.recipeSize(diffId), archives });
  };
  for (const diffId of folders) await addLayer(diffId, []);
  const blobs = await readBlobs(context);
  for (const { digest, size, diffIds } of blobs) {
    if (diffIds === null || !diffIds.every((diffId) => folders.has(diffId))) continue;
    const manifests = blobs.filter(({ manifest }) => manifest?.config.digest === digest);
    for (const { manifest } of manifests) {
      for (const [index, archive] of (manifest?.layers ?? []).entries()) {
        const archiveSize = await content.size(archive.digest);
        if (archiveSize !== null)
          await addLayer(diffIds[index] ?? '', [{ digest: archive.digest, size: archiveSize, createdAt }]);
      }
    }
    log.warn('an image is recovered without its names', { image: digest });
    ledger.addImage({
      image: { id: digest, createdAt },
      diffIds,
      blobs: [{ digest, size }, ...manifests].map((blob) => ({
        digest: blob.digest,
        size: blob.size,
        createdAt,
      })),
      manifests: manifests.map((blob) => blob.digest),
      digests: [],
      names: [],
    });
  }
}

/** What a blob says. An archive of a layer says nothing. */
interface ReadBlob {
  readonly digest: string;
  readonly size: number;
  /** Of a configuration; null: it is none. */
  readonly diffIds: readonly string[] | null;
  /** Null: it is none. */
  readonly manifest: Manifest | null;
}

/** One after the other, so that no more than one is in memory. */
async function readBlobs({ content }: Pick<ImageContext, 'content'>): Promise<readonly ReadBlob[]> {
  const found: ReadBlob[] = [];
  for (const digest of content.list()) {
    const bytes = await content.read(digest, maxConfigurationBytes).catch(() => null);
    if (bytes === null) continue;
    const blob = {
      digest,
      size: bytes.length,
      diffIds: diffIdsOf(bytes),
      manifest: manifestOf(digest, bytes),
    };
    if (blob.diffIds !== null || blob.manifest !== null) found.push(blob);
  }
  return found;
}

function diffIdsOf(bytes: Buffer): readonly string[] | null {
  try {
    return parseConfiguration(bytes, 'a blob').rootfs.diff_ids;
  } catch {
    return null;
  }
}

function manifestOf(digest: string, bytes: Buffer): Manifest | null {
  try {
    const document = readDocument(bytes, { mediaType: '', digest, what: 'a blob' });
    return document.kind === 'manifest' ? document.content : null;
  } catch {
    return null;
  }
}
