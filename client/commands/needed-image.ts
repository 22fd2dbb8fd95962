import { hasReason } from '../../common/errors.ts';
import { familiarName, type ImageName, parseImageName, withDefaultTag } from '../../common/image-name.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Image } from '../../proto/gen/types/liker/v1/Image.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { images } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';

/** How a missing image is had. */
export const pullFlags: readonly Flag[] = [
  {
    name: 'pull',
    type: 'string',
    choices: ['missing', 'always', 'newer', 'never'],
    value: 'WHEN',
    fallback: 'missing',
    help: 'When to fetch the image: if it is missing, always, always unless the registry does not answer (newer), or never',
  },
  { name: 'quiet', short: 'q', type: 'bool', help: 'Do not show how far the image is' },
];

/** How run and create get their image. */
export const imageFlags: readonly Flag[] = [
  {
    name: 'platform',
    type: 'string',
    value: 'OS/ARCH[/VARIANT]',
    help: "Use the image for this platform instead of the machine's own",
  },
  ...pullFlags,
];

/**
 * Pulls the images of a container that is to be made, by the flags --pull and --platform; the latter is about its root. Progress goes to
 * stderr, as in Docker.
 */
export async function haveImages(
  connection: Connection,
  { rootfs, mounts = [] }: ContainerSpecInput,
  flags: FlagValues,
): Promise<void> {
  if (rootfs?.image !== undefined)
    await haveImage(connection, rootfs.image, flags, flags.text('platform') ?? '');
  for (const { type, source = '' } of mounts ?? [])
    if (type === 'TYPE_IMAGE') await haveImage(connection, source, flags, '');
}

/** Pulls one, by the flag --pull. */
export async function haveImage(
  connection: Connection,
  reference: string,
  flags: FlagValues,
  platform: string,
): Promise<void> {
  const policy = flags.text('pull') || 'missing';
  if (policy === 'never') return;
  const here = policy === 'always' ? null : await imageHere(connection, reference);
  if (policy === 'missing' && here !== null && isFor(here, platform)) return;
  const name = nameOf(reference);
  // What is no name, such as an id, cannot be fetched; likerd says that it is missing.
  if (name === null) return;
  if (policy === 'missing') printError(`Unable to find image '${familiarName(name)}' locally`);
  const request = { reference, platform, insecure: false };
  // Loaded here because few commands have to fetch their image.
  const { fetchImage } = await import('./pull.ts');
  try {
    await fetchImage(connection, name, request, { isQuiet: flags.bool('quiet'), output: 'stderr' });
  } catch (error) {
    if (policy !== 'newer' || here === null || !hasReason(error, 'REGISTRY_UNREACHABLE')) throw error;
    notice(`${error.message}; the image that is here is used`);
  }
}

async function imageHere(connection: Connection, reference: string): Promise<Image | null> {
  try {
    return (await connection.unary(images.GetImage, { image: reference })).image;
  } catch (error) {
    if (hasReason(error, 'IMAGE_NOT_FOUND')) return null;
    throw error;
  }
}

/** The variant may be left out. */
function isFor({ platform }: Image, wanted: string): boolean {
  return wanted === '' || platform === wanted || platform.startsWith(`${wanted}/`);
}

function nameOf(reference: string): ImageName | null {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(reference)) return null;
  return withDefaultTag(parseImageName(reference, 'spec.rootfs.image'));
}
