import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../common/digest.ts';
import { tarEnd, tarHeader, tarPadding } from '../../common/tar.ts';
import { type FakeRegistry, manifestType } from '../../daemon/registry/test/fake-registry.ts';

/** An image made by hand, with layers compressed by gzip. */
export interface TestImage {
  /** As likerd knows it. */
  readonly id: string;
  readonly configuration: Buffer;
  readonly manifest: Buffer;
  readonly layers: readonly {
    readonly bytes: Buffer;
    readonly plain: Buffer;
    readonly digest: string;
    readonly diffId: string;
  }[];
}

/** The archive of a layer with these files. */
export function layerOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const entries = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    return [
      tarHeader({ kind: 'file', name, size: bytes.length, mode: 0o755 }),
      bytes,
      tarPadding(bytes.length),
    ];
  });
  return Buffer.concat([...entries, tarEnd()]);
}

/** The archive of a layer with all that is in a folder, such as a root file system. */
export function layerOfFolder(folder: string): Buffer {
  return execFileSync('tar', ['c', '-C', folder, '.'], { maxBuffer: 1 << 30 });
}

export function makeImage(
  layers: readonly Buffer[],
  {
    config = {},
    platform = 'amd64',
    created = '2026-01-31T12:00:00Z',
  }: { readonly config?: object; readonly platform?: string; readonly created?: string } = {},
): TestImage {
  const made = layers.map((plain) => {
    const bytes = gzipSync(plain, { level: 1 });
    return { plain, bytes, digest: digestOf(bytes), diffId: digestOf(plain) };
  });
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: platform,
      os: 'linux',
      created,
      config,
      rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
      history: made.map((_, index) => ({ created, created_by: `step ${index + 1}` })),
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(configuration),
        size: configuration.length,
      },
      layers: made.map(({ digest, bytes }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest,
        size: bytes.length,
      })),
    }),
  );
  return { id: digestOf(configuration), configuration, manifest, layers: made };
}

/** Writes an OCI layout, with the whole name of the image, or without. */
export function writeLayout(folder: string, image: TestImage, name?: string): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const { configuration, manifest, layers } = image;
  for (const bytes of [configuration, manifest, ...layers.map((layer) => layer.bytes)])
    writeFileSync(join(folder, 'blobs', digestOf(bytes).replace(':', '/')), bytes);
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  const annotations =
    name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } };
  const descriptor = {
    mediaType: manifestType,
    digest: digestOf(manifest),
    size: manifest.length,
    ...annotations,
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

/** Writes what docker save does. */
export function writeDockerArchive(folder: string, image: TestImage, names: readonly string[] | null): void {
  const config = `${image.id.slice('sha256:'.length)}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, config), image.configuration);
  const files = image.layers.map(({ plain, diffId }) => {
    const name = `${diffId.slice('sha256:'.length)}.tar`;
    writeFileSync(join(folder, name), plain);
    return name;
  });
  const entry = { Config: config, RepoTags: names, Layers: files };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([entry]));
}

/** Makes a registry serve the image under a tag. */
export function serveImage(registry: FakeRegistry, image: TestImage, tag: string): void {
  for (const bytes of [image.configuration, ...image.layers.map((layer) => layer.bytes)])
    registry.addBlob(bytes);
  for (const reference of [tag, digestOf(image.manifest)])
    registry.manifests.set(reference, { mediaType: manifestType, bytes: image.manifest });
}
