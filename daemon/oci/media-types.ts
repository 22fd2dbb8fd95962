// Kinds of documents: https://github.com/opencontainers/image-spec/blob/main/media-types.md, and Docker's own of the same shape.

const indexes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

const manifests: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);

/** Docker's first form, which nothing has written by default since 2017. */
const schema1: ReadonlySet<string> = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
]);

/** What is asked of a registry. */
export const acceptedTypes: readonly string[] = [...indexes, ...manifests];

export function isIndexType(mediaType: string): boolean {
  return indexes.has(mediaType);
}

export function isManifestType(mediaType: string): boolean {
  return manifests.has(mediaType);
}

export function isSchema1Type(mediaType: string): boolean {
  return schema1.has(mediaType);
}

/** Documents and blobs of an image are either OCI's or Docker's. */
export type Family = 'oci' | 'docker';

/** How the archive of a layer is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

interface FamilyTypes {
  readonly manifest: string;
  readonly configuration: string;
  readonly layers: Readonly<Record<Compression, string>>;
}

export const typesOf: Readonly<Record<Family, FamilyTypes>> = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    configuration: 'application/vnd.oci.image.config.v1+json',
    layers: {
      none: 'application/vnd.oci.image.layer.v1.tar',
      gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
      zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
    },
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    configuration: 'application/vnd.docker.container.image.v1+json',
    layers: {
      none: 'application/vnd.docker.image.rootfs.diff.tar',
      gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
    },
  },
};

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** Of a layer, by its type; null: the type does not say. */
export function compressionOf(mediaType: string): Compression | null {
  const [, compression] = /\.tar(?:[+.](gzip|zstd))?$/.exec(mediaType) ?? [null, null];
  if (compression === null) return null;
  return compression === 'gzip' || compression === 'zstd' ? compression : 'none';
}
