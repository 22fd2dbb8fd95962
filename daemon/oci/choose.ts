import { LikerError } from '../../common/errors.ts';
import type { Descriptor, Document, IndexDocument, ManifestDocument } from './document.ts';
import { isIndexType } from './media-types.ts';
import { formatPlatform, isSamePlatform, type Platform } from './platform.ts';

/** Indexes may contain indexes. Real ones have one such level. */
const deepest = 4;
const mostIndexes = 32;

/** The manifest for a platform, and the indexes through which it was found, the outermost first. */
export interface Chosen {
  readonly manifest: ManifestDocument;
  readonly indexes: readonly IndexDocument[];
}

/**
 * Chooses the manifest for a platform. `fetch` reads what an index refers to. `what` is the image's name, for errors. A manifest
 * without an index is taken as it is: only its configuration says what it is for. Errors: PLATFORM_MISSING, which lists what there is;
 * BAD_IMAGE.
 */
export async function choosePlatform(
  top: Document,
  platform: Platform,
  { what, fetch }: { readonly what: string; readonly fetch: (descriptor: Descriptor) => Promise<Document> },
): Promise<Chosen> {
  const existing = new Set<string>();
  let fetched = 0;

  const below = async (index: IndexDocument, above: readonly IndexDocument[]): Promise<Chosen | null> => {
    const indexes = [...above, index];
    const images = index.content.manifests.filter(isImage);
    for (const { platform: given, mediaType } of images) {
      if (given !== null && !isIndexType(mediaType)) existing.add(formatPlatform(given));
    }
    for (const descriptor of candidates(images, platform)) {
      const document = await fetch(descriptor);
      if (document.kind === 'manifest') return { manifest: document, indexes };
      fetched += 1;
      if (indexes.length >= deepest || fetched >= mostIndexes) {
        throw new LikerError('BAD_IMAGE', `Cannot use '${what}': its indexes are nested too deep`);
      }
      const found = await below(document, indexes);
      if (found !== null) return found;
    }
    return null;
  };

  if (top.kind === 'manifest') return { manifest: top, indexes: [] };
  const found = await below(top, []);
  if (found !== null) return found;
  const wanted = formatPlatform(platform);
  const there = [...existing].sort().join(', ');
  throw new LikerError(
    'PLATFORM_MISSING',
    `'${what}' has no image for ${wanted}: ${there === '' ? 'it has none at all' : `it has ${there}; choose one with --platform`}`,
    { metadata: { image: what, platform: wanted, existing: there } },
  );
}

/** Attestations and other artifacts stand beside the images, as manifests. */
function isImage({ platform, artifactType, annotations }: Descriptor): boolean {
  if (artifactType !== '' || annotations?.['vnd.docker.reference.type'] !== undefined) return false;
  return platform === null || !(platform.os === 'unknown' && platform.architecture === 'unknown');
}

/** Those for the platform, then indexes that may have it, then the only one if it does not say what it is for. */
function candidates(images: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const fits = ({ platform: given }: Descriptor): boolean =>
    given !== null && isSamePlatform(given, platform);
  const matching = images.filter((image) => fits(image) && !isIndexType(image.mediaType));
  const nested = images.filter(
    (image) => isIndexType(image.mediaType) && (image.platform === null || fits(image)),
  );
  const [only] = images;
  const unnamed = images.length === 1 && only?.platform === null && nested.length === 0 ? [only] : [];
  return [...matching, ...nested, ...unnamed];
}
