import { digestOf } from '../../../../common/digest.ts';
import { hasReason } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { choosePlatform } from '../../../oci/choose.ts';
import { type Descriptor, type Document, longestDocument, readDocument } from '../../../oci/document.ts';
import { isSamePlatform, type Platform } from '../../../oci/platform.ts';
import { localSource } from '../layers/local-source.ts';
import type { LayerSource } from '../layers/source.ts';
import { maxConfigurationBytes } from '../model/configuration-file.ts';
import type { ArchivedImage } from './archived-image.ts';
import { dockerManifest, namesOf, readDockerManifest } from './docker-archive.ts';
import { badFile, findInside, openInside, readInside } from './open-inside.ts';

export const layoutIndex = 'index.json';

/** The images of an OCI layout that are for the platform. Errors: BAD_IMAGE, PLATFORM_MISSING when there is none. */
export async function readOciLayout(folder: string, platform: Platform): Promise<ArchivedImage[]> {
  const bytes = await readInside(folder, layoutIndex, longestDocument);
  const top = readDocument(bytes, { mediaType: '', digest: digestOf(bytes), what: `'${layoutIndex}'` });
  if (top.kind !== 'index') throw badFile(layoutIndex, 'it is no index');
  const byConfiguration = await dockerNames(folder);
  const images: ArchivedImage[] = [];
  let missing: unknown = null;
  for (const descriptor of top.content.manifests) {
    if (!isWanted(descriptor, platform)) continue;
    try {
      images.push(await readImage(folder, descriptor, platform, byConfiguration));
    } catch (error) {
      if (!hasReason(error, 'PLATFORM_MISSING')) throw error;
      missing ??= error;
    }
  }
  if (images.length === 0) {
    // For its list of what there is.
    if (missing === null)
      await choosePlatform(top, platform, { what: layoutIndex, fetch: fetchFrom(folder) });
    throw missing ?? badFile(layoutIndex, 'it has no image');
  }
  return images;
}

/** Attestations stand beside the images, and an image may be there for several platforms. */
function isWanted({ platform: given, artifactType }: Descriptor, platform: Platform): boolean {
  if (artifactType !== '') return false;
  return given === null || given.os === '' || isSamePlatform(given, platform);
}

async function readImage(
  folder: string,
  descriptor: Descriptor,
  platform: Platform,
  byConfiguration: ReadonlyMap<string, readonly string[]>,
): Promise<ArchivedImage> {
  const fetch = fetchFrom(folder);
  const what = nameOf(descriptor) ?? descriptor.digest;
  const { manifest, indexes } = await choosePlatform(await fetch(descriptor), platform, { what, fetch });
  const { config, layers } = manifest.content;
  const name = nameOf(descriptor);
  const names = [...(name === null ? [] : namesOf([name])), ...(byConfiguration.get(config.digest) ?? [])];
  return {
    names: [...new Set(names)],
    configuration: await readBlob(folder, config, maxConfigurationBytes),
    layers: await Promise.all(layers.map((layer) => layerSource(folder, layer))),
    documents: [...indexes, manifest],
  };
}

/**
 * The image's name; null: it has none here. containerd and docker write the whole one beside a tag; other tools write what they were
 * given, often a tag alone, which names no repository.
 */
function nameOf({ annotations }: Descriptor): string | null {
  const whole = own(annotations ?? {}, 'io.containerd.image.name');
  if (whole !== undefined) return whole;
  const given = own(annotations ?? {}, 'org.opencontainers.image.ref.name') ?? '';
  return /[/:]/.test(given) ? given : null;
}

/** Docker writes an OCI layout and its own manifest.json, which has all names of an image. */
async function dockerNames(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  if ((await findInside(folder, dockerManifest)) === null) return new Map();
  const entries = await readDockerManifest(folder);
  return new Map(
    entries.map(({ Config, RepoTags }) => [
      `sha256:${/([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1]}`,
      namesOf(RepoTags ?? []),
    ]),
  );
}

function fetchFrom(folder: string): (descriptor: Descriptor) => Promise<Document> {
  return async (descriptor) => {
    const { mediaType, digest } = descriptor;
    const bytes = await readBlob(folder, descriptor, longestDocument);
    return readDocument(bytes, { mediaType, digest, what: 'a document of the archive' });
  };
}

async function readBlob(folder: string, { digest }: Descriptor, maxBytes: number): Promise<Buffer> {
  const name = blobName(digest);
  const bytes = await readInside(folder, name, maxBytes);
  if (digestOf(bytes, digest) !== digest) throw badFile(name, 'its bytes do not have this digest');
  return bytes;
}

async function layerSource(folder: string, { digest, size }: Descriptor): Promise<LayerSource> {
  const name = blobName(digest);
  const file = await findInside(folder, name);
  if (file === null) throw badFile(name, 'it is missing');
  if (file.size !== size) throw badFile(name, `it has ${file.size} bytes, and the image says ${size}`);
  return localSource({ digest, size }, () => openInside(file));
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}
