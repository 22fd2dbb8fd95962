import { badArgument, LikerError } from '../../../../common/errors.ts';
import {
  canonicalName,
  familiarName,
  familiarRepository,
  type ImageName,
  repositoryOf,
  withDefaultTag,
} from '../../../../common/image-name.ts';
import type { ManifestDocument } from '../../../oci/document.ts';
import type { PushFrame, PushRequest } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { framesOf } from '../frames.ts';
import { imageEvent } from '../model/events.ts';
import { findImage } from '../model/find.ts';
import { namesIn } from '../model/names-in.ts';
import { parseRemoteName } from '../model/remote-name.ts';
import { sendImage } from '../outgoing/send-image.ts';
import { addImage } from './add-image.ts';

/**
 * Sends an image to the registry of its name, or all tags of a repository. Errors: those of the registry and of sendLayer, BAD_ARGUMENT,
 * IMAGE_NOT_FOUND.
 */
export function pushImage(
  context: ImageContext,
  request: PushRequest,
  signal: AbortSignal,
): AsyncIterable<PushFrame> {
  const name = parseDestination(context, request);
  const images = tagsToPush(context, name, request.allTags);
  const repository = context.registries.open(name, request);
  return framesOf<PushFrame>(async (push, either) => {
    using _lease = context.leases.hold(images.map(({ id }) => id));
    const folder = await context.content.beginArchive();
    try {
      for (const { id, tag } of images) {
        const destination = { name: { ...name, tag }, repository, folder };
        const manifest = await sendImage(
          context,
          destination,
          id,
          (layer) => push({ kind: 'progress', layer }, layer.digest),
          either,
        );
        await repository.putDocument(manifest, tag, either);
        await remember(context, destination.name, id, manifest);
        push({ kind: 'pushed', tag, digest: manifest.digest, sizeBytes: manifest.bytes.length });
      }
    } finally {
      context.content.discard(folder);
    }
  }, signal);
}

function parseDestination({ shortNames }: ImageContext, { name: text, allTags }: PushRequest): ImageName {
  const name = parseRemoteName(text, 'name', { shortNames, tried: 'push' });
  const refuse = (why: string): Error => badArgument('name', `Cannot push '${text}': ${why}`);
  if (name.digest !== null) throw refuse('an image gets its digest from the registry; name a tag instead');
  if (allTags && name.tag !== null) throw refuse('all tags are pushed; leave out this one');
  return name;
}

interface Tagged {
  readonly id: string;
  readonly tag: string;
}

function tagsToPush({ ledger: { rows } }: ImageContext, name: ImageName, allTags: boolean): Tagged[] {
  if (!allTags) {
    const { tag } = withDefaultTag(name);
    return [{ id: findImage(rows, canonicalName({ ...name, tag })).image.id, tag: tag ?? '' }];
  }
  const tags = namesIn(rows, name).map(({ tag, id }) => ({ tag: tag ?? '', id }));
  if (tags.length > 0) return tags;
  throw new LikerError(
    'IMAGE_NOT_FOUND',
    `No image has a name in '${familiarRepository(name)}'; give one with likerctl tag IMAGE ${familiarName(withDefaultTag(name))}`,
    { metadata: { image: repositoryOf(name) } },
  );
}

/** As after a pull: the image is known by this digest there. */
async function remember(
  context: ImageContext,
  name: ImageName,
  id: string,
  { digest, bytes }: ManifestDocument,
): Promise<void> {
  const { ledger, content, leases } = context;
  const image = ledger.rows.images.get(id);
  if (image === null) return;
  const diffIds = ledger.rows.layers.of(id).map(({ diffId }) => diffId);
  using _manifest = leases.hold([digest]);
  await content.write(bytes);
  const blobs = [{ digest, size: bytes.length, createdAt: Date.now() }];
  const digests = [{ repository: repositoryOf(name), digest }];
  addImage(
    context,
    { image, diffIds, blobs, manifests: [digest], digests, names: [] },
    imageEvent('push', id, familiarName(name)),
  );
}
