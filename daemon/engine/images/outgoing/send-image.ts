import { together } from '../../../loop/together.ts';
import { composeManifest, type Part } from '../../../oci/compose.ts';
import type { Descriptor, ManifestDocument } from '../../../oci/document.ts';
import { typesOf } from '../../../oci/media-types.ts';
import type { LayerProgress } from '../api.ts';
import type { ImageContext } from '../context.ts';
import { readConfiguration } from '../model/configuration-file.ts';
import { familyOf } from './family.ts';
import { manifestFor } from './manifests.ts';
import { type Destination, type Outgoing, sendLayer } from './send-layer.ts';

/**
 * Makes a repository have the layers and the configuration of an image. Returns the manifest that is to follow: the one by which the image
 * came, if the repository has all that it names, else a new one. Errors: those of sendLayer, LAYER_DAMAGED.
 */
export async function sendImage(
  context: ImageContext,
  destination: Destination,
  imageId: string,
  onProgress: (layer: LayerProgress) => void,
  signal: AbortSignal,
): Promise<ManifestDocument> {
  const { configuration, bytes } = await readConfiguration(context.content, imageId);
  const manifest = await manifestFor(context, imageId, destination.name);
  const family = manifest === null ? familyOf(configuration) : familyOfType(manifest.mediaType);
  const outgoing = configuration.rootfs.diff_ids.map(
    (diffId, index): Outgoing => ({ diffId, family, known: manifest?.content.layers[index] ?? null }),
  );
  // An image may have the same layer twice.
  const keyOf = ({ diffId, known }: Outgoing): string => `${diffId} ${known?.digest}`;
  const different = new Map(outgoing.map((layer) => [keyOf(layer), layer]));
  const parts = await together(
    different,
    async ([key, layer], either) =>
      [key, await sendLayer(context, destination, layer, onProgress, either)] as const,
    signal,
  );
  const blob = { digest: imageId, size: bytes.length };
  const { repository } = destination;
  if (!(await repository.hasBlob(imageId, signal))) await repository.upload(blob, () => once(bytes), signal);
  const sent = new Map(parts);
  const layers = outgoing.map((layer) => sent.get(keyOf(layer)) as Part);
  if (manifest !== null && isUnchanged(manifest, layers)) return manifest;
  const mediaType = manifest?.content.config.mediaType ?? typesOf[family].configuration;
  return composeManifest({
    family,
    configuration: { ...blob, mediaType, annotations: null },
    layers,
  });
}

function familyOfType(mediaType: string): Outgoing['family'] {
  return mediaType === typesOf.docker.manifest ? 'docker' : 'oci';
}

function isUnchanged({ content: { layers } }: ManifestDocument, sent: readonly Part[]): boolean {
  return layers.every((layer, index) => layer === sent[index] && !isRefused(layer));
}

/** docker-registry 2.8 answers 500 to a manifest with other addresses for a layer that may be distributed. */
function isRefused({ urls, mediaType }: Descriptor): boolean {
  return (urls ?? []).length > 0 && !/nondistributable|foreign/.test(mediaType);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
