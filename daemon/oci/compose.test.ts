import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeManifest } from './compose.ts';
import { compressionOf, type Family, typesOf } from './media-types.ts';

test('a manifest is made of its parts, in the words of OCI or of Docker', () => {
  for (const family of ['oci', 'docker'] satisfies Family[]) {
    const types = typesOf[family];
    const part = { digest: `sha256:${'a'.repeat(64)}`, size: 3, annotations: null };
    const layer = { ...part, mediaType: types.layers.gzip };
    const parts = {
      family,
      configuration: { ...part, mediaType: types.configuration },
      layers: [layer, { ...layer, annotations: { of: 'mine' } }],
    };
    const made = composeManifest(parts);
    assert.deepEqual(JSON.parse(made.bytes.toString()), {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.configuration, digest: part.digest, size: 3 },
      layers: [
        { mediaType: layer.mediaType, digest: part.digest, size: 3 },
        { mediaType: layer.mediaType, digest: part.digest, size: 3, annotations: { of: 'mine' } },
      ],
    });
    assert.equal(composeManifest(parts).digest, made.digest);
  }
});

test('the type of a layer says how it is compressed', () => {
  for (const { layers } of Object.values(typesOf))
    for (const [compression, type] of Object.entries(layers)) assert.equal(compressionOf(type), compression);
  for (const [type, compression] of [
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
    ['application/vnd.oci.image.layer.v1.tar+xz', null],
    ['', null],
  ] as const)
    assert.equal(compressionOf(type), compression, type);
});
