import { LikerError } from '../../../../common/errors.ts';
import {
  canonicalName,
  familiarName,
  type ImageName,
  parseImageName,
  repositoryOf,
  withDefaultTag,
} from '../../../../common/image-name.ts';
import type { ImageRow } from '../../../store/tables/image.ts';
import type { ImageLedger } from './ledger.ts';

type Rows = Pick<ImageLedger['rows'], 'images' | 'imageNames' | 'manifests'>;

/** An image that was found, and how. */
export interface Found {
  readonly image: ImageRow;
  /** The reference as people write it; for an id the id. */
  readonly name: string;
  /** Null: it was found by its id. */
  readonly by: ImageName | null;
}

const idPattern = /^(?:sha256:)?([0-9a-f]{1,64})$/;

/** The image that a reference stands for, by Docker's order: a whole id, a name, a prefix of an id. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT. */
export function findImage(rows: Rows, reference: string): Found {
  const hex = idPattern.exec(reference)?.[1];
  if (hex?.length === 64) {
    const image = rows.images.get(`sha256:${hex}`);
    if (!image) throw imageNotFound(reference);
    return byId(image);
  }
  const name = withDefaultTag(parseImageName(reference, 'image'));
  const id =
    name.digest === null
      ? rows.imageNames.imageOf(canonicalName(name))
      : rows.manifests.imageOf(repositoryOf(name), name.digest);
  const image = id === null ? null : rows.images.get(id);
  if (image) return { image, name: familiarName(name), by: name };
  const [first, second] = hex === undefined ? [] : rows.images.byPrefix(`sha256:${hex}`);
  if (!first) throw imageNotFound(reference);
  if (second) {
    throw new LikerError(
      'AMBIGUOUS_ID',
      `Cannot tell which image '${reference}' is: more than one id begins so; give more of it`,
      {
        metadata: { image: reference },
      },
    );
  }
  return byId(first);
}

/** The image with this whole id. Errors: IMAGE_NOT_FOUND. */
export function findById(rows: Pick<Rows, 'images'>, id: string): ImageRow {
  const image = rows.images.get(id);
  if (!image) throw imageNotFound(id);
  return image;
}

function byId(image: ImageRow): Found {
  return { image, name: image.id, by: null };
}

export function imageNotFound(reference: string): LikerError {
  return new LikerError(
    'IMAGE_NOT_FOUND',
    `No such image: '${reference}'; likerctl images lists those that are here, and likerctl pull fetches others`,
    { metadata: { image: reference } },
  );
}
