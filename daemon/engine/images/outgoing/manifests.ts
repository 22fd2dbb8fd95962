import { type ImageName, repositoryOf } from '../../../../common/image-name.ts';
import { longestDocument, type ManifestDocument, readDocument } from '../../../oci/document.ts';
import type { ImageContext } from '../context.ts';

type Parts = Pick<ImageContext, 'ledger' | 'content'>;

/** The manifests by which an image came, or was sent: the oldest first. One that cannot be read is as good as none. */
export async function manifestsOf(
  { ledger: { rows }, content }: Parts,
  imageId: string,
): Promise<ManifestDocument[]> {
  const found = await Promise.all(
    rows.manifests.of(imageId).map(async (digest) => {
      try {
        const bytes = await content.read(digest, longestDocument);
        return readDocument(bytes, { mediaType: '', digest, what: 'a manifest that is here' });
      } catch {
        return null;
      }
    }),
  );
  const layers = rows.layers.of(imageId).length;
  return found.filter(
    (document): document is ManifestDocument =>
      document?.kind === 'manifest' &&
      document.content.config.digest === imageId &&
      document.content.layers.length === layers,
  );
}

/**
 * The manifest whose layers a repository most likely has: one that it gave or got before, or else another repository of its registry, or
 * else the oldest. Null: the image came without one.
 */
export async function manifestFor(
  context: Parts,
  imageId: string,
  name: ImageName,
): Promise<ManifestDocument | null> {
  const places = context.ledger.rows.manifests.digestsOf(imageId);
  const rank = ({ digest: wanted }: ManifestDocument): number => {
    const there = places.filter(({ digest }) => digest === wanted).map(({ repository }) => repository);
    if (there.includes(repositoryOf(name))) return 0;
    return there.some((repository) => repository.startsWith(`${name.host}/`)) ? 1 : 2;
  };
  const manifests = await manifestsOf(context, imageId);
  return manifests.sort((one, other) => rank(one) - rank(other))[0] ?? null;
}
