// What a registry, an archive or the program that unpacks layers says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalName, familiarName, parseImageName } from '../common/image-name.ts';
import { parseConfiguration } from '../daemon/engine/images/model/configuration.ts';
import { summaryOf } from '../daemon/engine/images/model/summary.ts';
import { reports } from '../daemon/kernel/archive/report.ts';
import { readDocument } from '../daemon/oci/document.ts';
import { formatPlatform, isSamePlatform, parsePlatform } from '../daemon/oci/platform.ts';
import { accepted, holds, textOf } from './property.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

test('names of images', () => {
  const name = textOf(
    ...[
      'debian',
      'library',
      'docker.io',
      'localhost',
      ':5000',
      ':99999',
      '10.0.0.256',
      '/',
      '/',
      ':',
      '13',
      '@',
      digest,
    ],
    ...['-', '__', '.', 'A', '[::1]', 'index.docker.io', 'ff'.repeat(32)],
  );
  holds(
    name,
    (text) => {
      const parsed = accepted(() => parseImageName(text, 'image'));
      if (parsed === undefined) return;
      assert.ok(URL.canParse(`https://${parsed.host}/v2/`), 'its registry can be asked');
      assert.deepEqual(parseImageName(canonicalName(parsed), 'image'), parsed);
      assert.deepEqual(parseImageName(familiarName(parsed), 'image'), parsed);
    },
    2000,
  );
});

test('platforms', () => {
  holds(textOf('linux', '/', 'amd64', 'arm', 'arm64', 'v7', 'v8', 'x86_64', 'armhf', 'I386'), (text) => {
    const platform = accepted(() => parsePlatform(text, 'platform'));
    if (platform !== undefined)
      assert.ok(isSamePlatform(parsePlatform(formatPlatform(platform), 'platform'), platform));
  });
});

const types = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
];
const keys = [
  ...['mediaType', 'schemaVersion', 'manifests', 'config', 'layers', 'digest', 'size', 'platform', 'os'],
  ...['architecture', 'variant', 'annotations', 'artifactType', '__proto__', 'constructor'],
];
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...types, digest, 'linux', '', 0, 1, 2, -1, 1.5, 2 ** 60, null, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5 }),
    fc.record({ mediaType: fc.constantFrom(...types), digest: fc.constant(digest), size: tie('value') }),
  ),
}));

test('indexes and manifests', () => {
  const document = fc.oneof(
    value,
    fc.record({ schemaVersion: fc.constant(2), config: value, layers: fc.array(value, { maxLength: 2 }) }),
    fc.record({ manifests: fc.array(value, { maxLength: 2 }) }),
  );
  const bytes = fc.oneof(
    document.map((one) => Buffer.from(JSON.stringify(one) ?? '')),
    fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some)),
  );
  holds(
    fc.tuple(bytes, fc.constantFrom('', ...types)),
    ([some, mediaType]) => {
      const what = "the manifest of 'web'";
      const read = accepted(() => readDocument(some, { mediaType, digest, what }), ['BAD_IMAGE']);
      if (read === undefined) return;
      const descriptors =
        read.kind === 'index' ? read.content.manifests : [read.content.config, ...read.content.layers];
      for (const { digest: of, size } of descriptors)
        assert.ok(/^[a-z0-9]+:[0-9a-f]+$/.test(of) && Number.isSafeInteger(size) && size >= 0);
    },
    2000,
  );
});

test('reports of the program that unpacks', () => {
  const line = textOf(
    ...['{"in":', '{"error":', '"BAD_ARCHIVE"', ',"out":', '1', '}', '{"digest":', `"${digest}"`, ',"size":'],
    ...[',"message":', '"x"', ',"path":', '-1', '1e400'],
  );
  holds(line, (text) => {
    let report: ReturnType<typeof reports.unpack>;
    try {
      report = reports.unpack(text);
    } catch (error) {
      assert.match((error as Error).message, /^the report of liker-unpack/);
      return;
    }
    if (report.kind === 'progress') assert.ok(report.progress.in >= 0 && report.progress.out >= 0);
  });
});

test('configurations', () => {
  const names = [
    'config',
    'rootfs',
    'diff_ids',
    'history',
    'created',
    'architecture',
    'os',
    'variant',
    'Env',
    'Labels',
  ];
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(digest, 'linux', '2026-01-31T12:00:00Z', '0001-01-01T00:00:00Z', '', 0, 1, null, true),
      fc.array(tie('json'), { maxLength: 2 }),
      fc.dictionary(
        fc.constantFrom(...names, '__proto__', 'Entrypoint', 'Healthcheck', 'empty_layer'),
        tie('json'),
        {
          maxKeys: 5,
        },
      ),
    ),
  }));
  const whole = fc.record({
    rootfs: fc.record({ diff_ids: fc.array(fc.constantFrom(digest, null)) }),
    config: json,
    history: json,
  });
  holds(
    fc.oneof(json, whole),
    (value) => {
      const bytes = Buffer.from(JSON.stringify(value) ?? '');
      const parsed = accepted(() => parseConfiguration(bytes, 'the configuration'), ['BAD_IMAGE']);
      if (parsed === undefined) return;
      assert.ok(parsed.rootfs.diff_ids.every((diffId) => diffId === digest));
      assert.ok(
        [...parsed.config.Env, ...parsed.history.map(({ created_by: by }) => by)].every(
          (one) => typeof one === 'string',
        ),
      );
      const { createdAt, platform } = summaryOf(parsed);
      assert.ok(createdAt === null || Number.isSafeInteger(createdAt));
      assert.equal(typeof platform, 'string');
    },
    2000,
  );
});
