import { formatBytes, humanDuration } from '../../common/units.ts';
import type { Image } from '../../proto/gen/types/liker/v1/Image.ts';
import { partsOf, shortImageId } from './image-name.ts';
import { goTime, toMs } from './timestamp.ts';

const none = '<none>';

/** A name of an image for the templates of images, with Docker's fields. */
export interface ImageRow {
  readonly ID: string;
  readonly Repository: string;
  readonly Tag: string;
  readonly Digest: string;
  readonly CreatedSince: string;
  readonly CreatedAt: string;
  readonly Size: string;
  readonly VirtualSize: string;
  readonly SharedSize: string;
  readonly UniqueSize: string;
  readonly Containers: string;
}

export interface ImageRowOptions {
  readonly truncate: boolean;
  readonly digests: boolean;
  readonly nowMs: number;
}

/** The rows of an image as in Docker: one for each name, or for each repository that it has only a digest of. */
export function imageRows(image: Image, { truncate, digests, nowMs }: ImageRowOptions): ImageRow[] {
  const created = toMs(image.createdAt);
  const size = formatBytes(image.sizeBytes);
  const common = {
    ID: truncate ? shortImageId(image.id) : image.id,
    CreatedSince: created === undefined ? 'N/A' : `${humanDuration(nowMs - created)} ago`,
    CreatedAt: goTime(image.createdAt),
    Size: size,
    VirtualSize: size,
    SharedSize: 'N/A',
    UniqueSize: 'N/A',
    Containers: String(image.containers),
  };
  const byDigest = image.digests.map(partsOf);
  const tagged = image.names.map(partsOf).flatMap(({ repository, tag }) => {
    const known = byDigest.filter((one) => one.repository === repository);
    const shown = digests && known.length > 0 ? known : [{ digest: none }];
    return shown.map(({ digest }) => ({ Repository: repository, Tag: tag ?? none, Digest: digest ?? none }));
  });
  const repositories = new Set(tagged.map(({ Repository }) => Repository));
  const untagged = byDigest
    .filter(({ repository }) => !repositories.has(repository))
    .map(({ repository, digest }) => ({ Repository: repository, Tag: none, Digest: digest ?? none }));
  const alone = digests
    ? untagged
    : [...new Map(untagged.map((row) => [row.Repository, { ...row, Digest: none }])).values()];
  const names = [...tagged, ...alone];
  if (names.length === 0) names.push({ Repository: none, Tag: none, Digest: none });
  return names.map((name) => ({ ...common, ...name }));
}
