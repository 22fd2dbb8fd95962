import { parseImageName } from '../../../../common/image-name.ts';
import { tarHeader, tarPadding } from '../../../../common/tar.ts';
import type { ManifestDocument } from '../../../oci/document.ts';
import { indexType } from '../../../oci/media-types.ts';
import type { ArchiveForm } from '../api.ts';
import type { Configuration } from '../model/configuration.ts';
import { dockerManifest } from './docker-archive.ts';
import { layoutIndex } from './oci-layout.ts';

/** An image whose layers are in an archive that is being written. */
export interface WrittenImage {
  /** Digest of its configuration. */
  readonly id: string;
  readonly bytes: Buffer;
  readonly configuration: Configuration;
  /** Canonical, with tags. */
  readonly names: readonly string[];
  /** Digests of its layers' archives, the lowest first. */
  readonly layers: readonly string[];
  readonly manifest: ManifestDocument;
}

/** A file of an archive of images. */
interface ArchiveFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where the archive of a layer is in an archive of images. */
export function layerFile(form: ArchiveForm, digest: string): string {
  return form === 'docker' ? `${hexOf(digest)}.tar` : blobFile(digest);
}

/** What is in an archive of images beside their layers. */
export function documentsOf(form: ArchiveForm, images: readonly WrittenImage[]): ArchiveFile[] {
  const files = images.flatMap(({ id, bytes, manifest }) => [
    { name: configurationFile(form, id), bytes },
    ...(form === 'docker' ? [] : [{ name: blobFile(manifest.digest), bytes: manifest.bytes }]),
  ]);
  if (form !== 'docker') {
    files.push({ name: layoutIndex, bytes: json(indexOf(images)) });
    files.push({ name: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }) });
  }
  if (form !== 'oci') files.push({ name: dockerManifest, bytes: json(dockerManifestOf(form, images)) });
  return files;
}

/** The folders of an archive of images. */
export function foldersOf(form: ArchiveForm): readonly string[] {
  return form === 'docker' ? [] : ['blobs', 'blobs/sha256'];
}

export function fileEntry({ name, bytes }: ArchiveFile): Buffer {
  const { length: size } = bytes;
  return Buffer.concat([tarHeader({ kind: 'file', name, size }), bytes, tarPadding(size)]);
}

function configurationFile(form: ArchiveForm, id: string): string {
  return form === 'docker' ? `${hexOf(id)}.json` : blobFile(id);
}

/** Podman takes Docker's short names in an archive for its own, localhost/NAME, so that names are whole. */
function dockerManifestOf(form: ArchiveForm, images: readonly WrittenImage[]) {
  return images.map(({ id, names, layers }) => ({
    Config: configurationFile(form, id),
    RepoTags: names.length === 0 ? null : names,
    Layers: layers.map((digest) => layerFile(form, digest)),
  }));
}

/** An entry for each name. Tools find an image by its tag, as docker has it, unless two have the same. */
function indexOf(images: readonly WrittenImage[]) {
  const parsed = images.flatMap(({ names }) => names.map((name) => parseImageName(name, 'name')));
  const isUnique = (tag: string | null): boolean => parsed.filter((name) => name.tag === tag).length === 1;
  const manifests = images.flatMap(({ manifest, configuration, names }) => {
    const { mediaType, digest, bytes } = manifest;
    const { os, architecture, variant } = configuration;
    const platform = { os, architecture, ...(variant && { variant }) };
    const entry = { mediaType, digest, size: bytes.length, ...(os && architecture && { platform }) };
    if (names.length === 0) return [entry];
    return names.map((name) => {
      const { tag } = parseImageName(name, 'name');
      const annotations = {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': tag !== null && isUnique(tag) ? tag : name,
      };
      return { ...entry, annotations };
    });
  });
  return { schemaVersion: 2, mediaType: indexType, manifests };
}

function blobFile(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
