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
  const blobs = await Promise.all(
    content.list().map(async (digest) => ({
      digest,
      bytes: await content.read(digest, maxConfigurationBytes).catch(() => Buffer.alloc(0)),
    })),
  );
  for (const { digest, bytes } of blobs) {
    const diffIds = diffIdsOf(bytes);
    if (diffIds === null || !diffIds.every((diffId) => folders.has(diffId))) continue;
    const manifests = blobs.filter((blob) => manifestOf(blob)?.config.digest === digest);
    for (const manifest of manifests) {
      for (const [index, archive] of (manifestOf(manifest)?.layers ?? []).entries()) {
        const size = blobs.some((blob) => blob.digest === archive.digest)
          ? await content.size(archive.digest)
          : null;
        if (size !== null)
          await addLayer(diffIds[index] ?? '', [{ digest: archive.digest, size, createdAt }]);
      }
    }
    log.warn('an image is recovered without its names', { image: digest });
    ledger.addImage({
      image: { id: digest, createdAt },
      diffIds,
      blobs: [{ digest, bytes }, ...manifests].map((blob) => ({
        digest: blob.digest,
        size: blob.bytes.length,
        createdAt,
      })),
      manifests: manifests.map((blob) => blob.digest),
      digests: [],
      names: [],
    });
  }
}

/** Null: it is no configuration. */
function diffIdsOf(bytes: Buffer): readonly string[] | null {
  try {
    return parseConfiguration(bytes, 'a blob').rootfs.diff_ids;
  } catch {
    return null;
  }
}

interface SmallBlob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Null: it is none. */
function manifestOf({ digest, bytes }: SmallBlob): Manifest | null {
  try {
    const document = readDocument(bytes, { mediaType: '', digest, what: 'a blob' });
    return document.kind === 'manifest' ? document.content : null;
  } catch {
    return null;
  }
}
