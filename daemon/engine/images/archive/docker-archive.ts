import * as v from 'valibot';
import { asError } from '../../../../common/errors.ts';
import { canonicalName, parseImageName, withDefaultTag } from '../../../../common/image-name.ts';
import { fields, read } from '../../../../common/schema.ts';
import { longestDocument } from '../../../oci/document.ts';
import { localSource } from '../layers/local-source.ts';
import type { LayerSource } from '../layers/source.ts';
import { parseConfiguration } from '../model/configuration.ts';
import { maxConfigurationBytes } from '../model/configuration-file.ts';
import type { ArchivedImage } from './archived-image.ts';
import { badFile, findInside, openInside, readInside } from './open-inside.ts';

const entrySchema = fields({
  Config: v.string(),
  RepoTags: v.nullish(v.array(v.string())),
  Layers: v.nullish(v.array(v.string())),
});
const manifestSchema = v.array(entrySchema);

export const dockerManifest = 'manifest.json';

/** The images of an archive that docker save writes. Layers are plain or compressed. Errors: BAD_IMAGE. */
export async function readDockerArchive(folder: string): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  const entries = await readDockerManifest(folder);
  if (entries.length === 0) throw badFile(dockerManifest, 'it has no image');
  for (const { Config, RepoTags, Layers } of entries) {
    const configuration = await readInside(folder, Config, maxConfigurationBytes);
    const diffIds = parseConfiguration(configuration, `configuration '${Config}'`).rootfs.diff_ids;
    const files = Layers ?? [];
    if (files.length !== diffIds.length) {
      throw badFile(
        dockerManifest,
        `it lists ${files.length} layers of an image whose configuration has ${diffIds.length}`,
      );
    }
    const layers: LayerSource[] = [];
    for (const [index, diffId] of diffIds.entries())
      layers.push(await layerSource(folder, files[index] ?? '', diffId));
    images.push({ names: namesOf(RepoTags ?? []), configuration, layers, documents: [] });
  }
  return images;
}

/** The names that it has for each image, by the name of its configuration's file. */
export async function readDockerManifest(folder: string) {
  const text = await readInside(folder, dockerManifest, longestDocument);
  try {
    return read(manifestSchema, text.toString(), dockerManifest);
  } catch (error) {
    throw badFile(dockerManifest, asError(error).message);
  }
}

export function namesOf(tags: readonly string[]): string[] {
  return tags.map((tag) => canonicalName(withDefaultTag(parseImageName(tag, 'name'))));
}

async function layerSource(folder: string, name: string, diffId: string): Promise<LayerSource> {
  const file = await findInside(folder, name);
  if (file === null) throw badFile(name, 'it is missing');
  return localSource({ digest: diffId, size: file.size }, () => openInside(file));
}
