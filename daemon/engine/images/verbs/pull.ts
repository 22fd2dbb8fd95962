import { LikerError } from '../../../../common/errors.ts';
import {
  canonicalName,
  familiarName,
  type ImageName,
  repositoryOf,
  withDefaultTag,
} from '../../../../common/image-name.ts';
import type { Descriptor, ManifestDocument } from '../../../oci/document.ts';
import { formatPlatform, isSamePlatform, type Platform, parsePlatform } from '../../../oci/platform.ts';
import type { Repository } from '../../../registry/api.ts';
import type { ImageView, LayerProgress, PullFrame, PullRequest } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { framesOf } from '../frames.ts';
import { downloadSource } from '../layers/download-source.ts';
import { type Configuration, parseConfiguration } from '../model/configuration.ts';
import { maxConfigurationBytes } from '../model/configuration-file.ts';
import { findById } from '../model/find.ts';
import { parseRemoteName } from '../model/remote-name.ts';
import { reserveRoom } from '../room.ts';
import { viewImage } from '../view.ts';
import { layerWarnings } from '../warnings.ts';
import { isHere, storeImage } from './store-image.ts';

/**
 * Fetches an image from a registry: resolve, configuration, layers, rows. Errors: those of the registry, BAD_ARGUMENT, BAD_IMAGE,
 * PLATFORM_MISSING, TOO_MANY when there is no room, those of the pipeline.
 */
export function pullImage(
  context: ImageContext,
  request: PullRequest,
  signal: AbortSignal,
): AsyncIterable<PullFrame> {
  const { shortNames } = context;
  const given = parseRemoteName(request.reference, 'reference', { shortNames, tried: 'pull' });
  const name = withDefaultTag(given);
  const platform = parsePlatform(request.platform, 'platform');
  const repository = context.registries.open(name, request);
  const wanted = { name, platform, repository, keep: request.keepBlobs || context.keepsBlobs };
  return framesOf<PullFrame>(async (push, either) => {
    const before = idOf(context, name);
    const image =
      (await alreadyHere(context, wanted, push, either)) ?? (await fetchImage(context, wanted, push, either));
    push({ kind: 'done', image, changed: image.id !== before, warnings: layerWarnings(context, image.id) });
  }, signal);
}

interface Wanted {
  readonly name: ImageName;
  readonly platform: Platform;
  readonly repository: Repository;
  /** The archives of its layers. */
  readonly keep: boolean;
}

type Push = (frame: PullFrame, key?: string) => void;

/** The image that has the name now; null: none. */
function idOf({ ledger: { rows } }: ImageContext, name: ImageName): string | null {
  return name.digest === null
    ? rows.imageNames.imageOf(canonicalName(name))
    : rows.manifests.imageOf(repositoryOf(name), name.digest);
}

/** The image, if what the name stands for is here under that name: registries count the requests for manifests, and not this one. */
async function alreadyHere(
  context: ImageContext,
  { name, platform, repository, keep }: Wanted,
  push: Push,
  signal: AbortSignal,
): Promise<ImageView | null> {
  const id = idOf(context, name);
  if (id === null) return null;
  using _lease = context.leases.hold([id]);
  const digest = await repository.digest(signal);
  if (context.ledger.rows.manifests.imageOf(repositoryOf(name), digest) !== id) return null;
  const { layers, layerBlobs } = context.ledger.rows;
  const diffIds = layers.of(id).map(({ diffId }) => diffId);
  const here = await Promise.all(diffIds.map((diffId) => isHere(context, diffId, { digest: diffId, keep })));
  if (here.includes(false)) return null;
  if (keep && diffIds.some((diffId) => layerBlobs.of(diffId).length === 0)) return null;
  const summary = await context.summaries.of(id);
  if (summary.platform !== formatPlatform(platform)) return null;
  push({ kind: 'resolved', digest, layers: [] });
  return viewImage(context, findById(context.ledger.rows, id));
}

async function fetchImage(
  context: ImageContext,
  { name, platform, repository, keep }: Wanted,
  push: Push,
  signal: AbortSignal,
): Promise<ImageView> {
  const { digest, manifest, indexes } = await repository.resolve(platform, signal);
  requireImage(familiarName(name), manifest);
  const configuration = await fetchConfiguration(context, repository, manifest.content.config, signal);
  const parsed = parseConfiguration(configuration, `the configuration of '${familiarName(name)}'`);
  requirePlatform(familiarName(name), parsed, platform);
  const { layers } = manifest.content;
  using room = await reserveRoom(context, await missingOf(context, layers, parsed, keep), familiarName(name));
  push({ kind: 'resolved', digest, layers: layers.map((layer) => waiting(layer)) });
  const documents = [...indexes, manifest];
  return storeImage(
    context,
    {
      configuration,
      layers: layers.map((layer) => downloadSource(context.content, repository, layer)),
      documents,
      names: name.digest === null ? [canonicalName(name)] : [],
      digests: [...new Set([digest, manifest.digest])].map((one) => ({
        repository: repositoryOf(name),
        digest: one,
      })),
      keepBlobs: keep,
      event: { action: 'pull', name: familiarName(name) },
    },
    (layer) => {
      room.came(layer);
      push({ kind: 'progress', layer }, layer.digest);
    },
    signal,
  );
}

/** The layers that have to come. */
async function missingOf(
  context: ImageContext,
  layers: readonly Descriptor[],
  { rootfs: { diff_ids: diffIds } }: Configuration,
  keep: boolean,
): Promise<readonly Descriptor[]> {
  const here = await Promise.all(
    layers.map(({ digest }, index) => isHere(context, diffIds[index] ?? '', { digest, keep })),
  );
  return layers.filter((_, index) => here[index] !== true);
}

function waiting({ digest, size }: Descriptor): LayerProgress {
  return { digest, stage: 'waiting', bytes: 0, totalBytes: size };
}

/** One that is here need not come again: another name of an image, or the same after a broken pull. */
async function fetchConfiguration(
  { content }: ImageContext,
  repository: Repository,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Buffer> {
  if (descriptor.size > maxConfigurationBytes) {
    throw new LikerError(
      'BAD_IMAGE',
      `Cannot use the image: its configuration has ${descriptor.size} bytes, and at most ${maxConfigurationBytes} are read`,
    );
  }
  const known = descriptor.digest.startsWith('sha256:')
    ? await content.read(descriptor.digest, maxConfigurationBytes).catch(() => null)
    : null;
  return known ?? repository.blob(descriptor, signal);
}

const configurationTypes = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  '',
];

/** Registries also keep other things in the form of images, such as charts and signatures. */
function requireImage(what: string, { content: { config } }: ManifestDocument): void {
  if (configurationTypes.includes(config.mediaType)) return;
  throw new LikerError('BAD_IMAGE', `Cannot use '${what}': it is no image, but '${config.mediaType}'`, {
    metadata: { image: what },
  });
}

/** A manifest without an index is for what its configuration says. One that says nothing fits. */
function requirePlatform(
  what: string,
  { os, architecture, variant }: Configuration,
  platform: Platform,
): void {
  const is = { os, architecture, variant };
  if (os === '' || architecture === '' || isSamePlatform(is, platform)) return;
  const [there, wanted] = [formatPlatform(is), formatPlatform(platform)];
  throw new LikerError(
    'PLATFORM_MISSING',
    `'${what}' has no image for ${wanted}: it is for ${there}; pull that with --platform ${there}`,
    { metadata: { image: what, platform: wanted, existing: there } },
  );
}
