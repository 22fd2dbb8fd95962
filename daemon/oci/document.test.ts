import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../common/digest.ts';
import { hasReason, LikerError } from '../../common/errors.ts';
import { type Document, longestDocument, readDocument } from './document.ts';

const ociIndex = 'application/vnd.oci.image.index.v1+json';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const descriptor = { mediaType: 'x/y', digest: `sha256:${'a'.repeat(64)}`, size: 3 };
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

function read(value: unknown, mediaType = ''): Document {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return readDocument(bytes, { mediaType, digest: digestOf(bytes), what: "the manifest of 'a:1'" });
}

test('indexes and manifests of OCI and of Docker are read, whether they name their type or not', () => {
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const table: [unknown, string, string, string][] = [
    [manifest, ociManifest, 'manifest', ociManifest],
    [{ ...manifest, mediaType: dockerManifest }, '', 'manifest', dockerManifest],
    [{ ...manifest, mediaType: dockerManifest }, 'application/json', 'manifest', dockerManifest],
    [manifest, '', 'manifest', ociManifest],
    [{ manifests: [descriptor] }, '', 'index', ociIndex],
    [{ manifests: [], mediaType: list }, list, 'index', list],
    [{ ...manifest, layers: [] }, ociManifest, 'manifest', ociManifest],
  ];
  for (const [value, given, kind, mediaType] of table) {
    const document = read(value, given);
    assert.deepEqual([document.kind, document.mediaType], [kind, mediaType]);
  }
  const { content } = read(manifest, ociManifest);
  assert.ok('layers' in content);
  assert.deepEqual(content.layers[0], {
    ...descriptor,
    platform: null,
    artifactType: '',
    urls: [],
    annotations: null,
  });
});

test('what is no image is refused, with the reason', () => {
  const table: [unknown, string, RegExp][] = [
    ['', ociManifest, /not a JSON object/],
    ['[]', ociManifest, /not a JSON object/],
    ['{', ociManifest, /not a JSON object/],
    [{}, '', /no image/],
    [{ ...manifest, mediaType: ociManifest }, ociIndex, /given as/],
    [{ manifests: [], layers: [], config: descriptor }, '', /both an index and a manifest/],
    [{ ...manifest, manifests: [] }, ociManifest, /both an index and a manifest/],
    [{ ...manifest, mediaType: 'application/vnd.cncf.helm.config.v1+json' }, '', /helm/],
    [{ schemaVersion: 1, fsLayers: [] }, '', /schema 1/],
    [{ fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /schema 1/],
    [{ config: descriptor }, ociManifest, /manifest\.layers/],
    [
      { ...manifest, config: { ...descriptor, digest: 'sha256:abc' } },
      ociManifest,
      /manifest\.config\.digest: it is not a digest/,
    ],
    [{ ...manifest, layers: [{ ...descriptor, size: -1 }] }, ociManifest, /manifest\.layers\[0\]\.size/],
    [{ manifests: {} }, ociIndex, /index\.manifests/],
    [' '.repeat(longestDocument + 1), '', /more than 4194304 bytes/],
  ];
  for (const [value, mediaType, why] of table) {
    assert.throws(
      () => read(value, mediaType),
      (error) => {
        assert.ok(hasReason(error, 'BAD_IMAGE') && error instanceof LikerError, String(error));
        assert.match(error.message, /^Cannot use the manifest of 'a:1' \(sha256:[0-9a-f]{64}\): /);
        assert.match(error.message, why);
        return true;
      },
    );
  }
});
