import { LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';
import {
  canonicalName,
  familiar,
  type ImageName,
  parseImageName,
  repositoryOf,
} from '../../../../common/image-name.ts';
import { type Repeatable, type RequestKey, requestKey } from '../../journal/requests.ts';
import type { RemovedImage } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { imageEvent } from '../model/events.ts';
import { findImage } from '../model/find.ts';
import type { Named } from '../model/ledger.ts';
import { deleteImage } from './delete-image.ts';

/**
 * Takes a name from an image, and removes the image with its last one; by its id, with all its names. As in Docker. Errors: IMAGE_NOT_FOUND,
 * AMBIGUOUS_ID, BAD_ARGUMENT, IMAGE_IN_USE.
 */
export async function removeImage(
  context: ImageContext,
  reference: string,
  { force, requestId = '' }: { readonly force: boolean } & Partial<Repeatable>,
): Promise<RemovedImage> {
  const request = requestKey(requestId, 'remove image', reference, force);
  const before = context.ledger.resultOf(request);
  if (before !== null) return JSON.parse(before) as RemovedImage;
  const { rows } = context.ledger;
  const { image, by } = findImage(rows, reference);
  const all: Named = { names: rows.imageNames.of(image.id), digests: rows.manifests.digestsOf(image.id) };
  const going = by === null ? all : named(all, by);
  if (by === null) requireOneRepository(reference, all.names, force);
  const isLast = all.names.length === going.names.length && all.digests.length === going.digests.length;
  if (!isLast) return untag(context, image.id, going, request);
  const [user] = rows.containerImages.containersOf(image.id);
  const isHeld = context.leases.has(image.id);
  if (user === undefined && !isHeld) return deleteImage(context, image.id, request);
  const hasName = going.names.length + going.digests.length > 0;
  if (!force || !hasName) throw inUse(reference, user, hasName);
  return untag(context, image.id, going, request);
}

/** What goes with a name: with the last tag of its repository also the digests by which it was pulled from there. */
function named({ names, digests }: Named, by: ImageName): Named {
  const repository = repositoryOf(by);
  const { digest: wanted } = by;
  if (wanted !== null) {
    return {
      names: [],
      digests: digests.filter((given) => given.repository === repository && given.digest === wanted),
    };
  }
  const name = canonicalName(by);
  const others = names.filter(
    (given) => given !== name && repositoryOf(parseImageName(given, 'name')) === repository,
  );
  return {
    names: [name],
    digests: others.length > 0 ? [] : digests.filter((given) => given.repository === repository),
  };
}

function untag({ ledger }: ImageContext, id: string, going: Named, request: RequestKey | null): RemovedImage {
  const names = going.names.map(familiar);
  const digests = going.digests.map(({ repository, digest }) => familiar(`${repository}@${digest}`));
  const removed = { untagged: [...names, ...digests], id: null, layers: [], reclaimedBytes: 0 };
  ledger.untag(
    going,
    names.map((name) => imageEvent('untag', id, name)),
    request && { ...request, result: JSON.stringify(removed) },
  );
  return removed;
}

function requireOneRepository(reference: string, names: readonly string[], force: boolean): void {
  const repositories = new Set(names.map((name) => repositoryOf(parseImageName(name, 'name'))));
  if (repositories.size <= 1 || force) return;
  throw new LikerError(
    'IMAGE_IN_USE',
    `Cannot remove image '${reference}': it has the names ${names.map(familiar).join(', ')}; remove these, or use -f to remove it with all of them`,
    { metadata: { image: reference } },
  );
}

function inUse(reference: string, container: string | undefined, hasName: boolean): LikerError {
  const who =
    container === undefined ? 'another call is using it' : `container ${shortId(container)} was made from it`;
  const remedy = hasName
    ? 'remove the container first, or use -f to take only its names away'
    : 'remove the container first';
  return new LikerError('IMAGE_IN_USE', `Cannot remove image '${reference}': ${who}; ${remedy}`, {
    metadata: { image: reference, container: container ?? '' },
  });
}
