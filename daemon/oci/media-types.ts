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
