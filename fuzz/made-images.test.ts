// What images are made of here: instructions of a Dockerfile, and the manifests of App Container images.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromAci } from '../daemon/engine/images/aci/configuration.ts';
import { parseAciManifest } from '../daemon/engine/images/aci/manifest.ts';
import { applyChanges } from '../daemon/engine/images/changes/changes.ts';
import { parseConfiguration } from '../daemon/engine/images/model/configuration.ts';
import { accepted, holds, inherited, textOf } from './property.ts';

/** A configuration as it is stored, and as it is read again. */
function stored(config: object) {
  const json = { rootfs: { type: 'layers', diff_ids: [] }, config };
  return parseConfiguration(Buffer.from(JSON.stringify(json)), 'it').config;
}

test('changes of import and commit', () => {
  const instruction = fc.constantFrom(
    ...[
      'CMD',
      'ENTRYPOINT',
      'ENV',
      'EXPOSE',
      'HEALTHCHECK',
      'LABEL',
      'ONBUILD',
      'STOPSIGNAL',
      'USER',
      'VOLUME',
    ],
    ...['WORKDIR', 'workdir', 'RUN', ...inherited],
  );
  const rest = textOf(
    ...['["a", "b"]', '[', '"', "'", '\\', '$A', '${A:-', '}', '=', '80/tcp', '8-9', ' ', ' '],
    ...['NONE', 'CMD', '--interval=3s ', '--retries=', 'TERM', '/a', '../b', 'A=b ', '# ', '\\\n'],
  );
  const change = fc.tuple(instruction, rest).map(([name, value]) => `${name} ${value}`);
  const before = stored({ Env: ['A=b', 'PATH=/bin'], Labels: { c: 'd' }, Cmd: ['sh'], WorkingDir: '/w' });
  holds(
    fc.array(change, { maxLength: 4 }),
    (changes) => {
      const changed = accepted(() => applyChanges(before, changes));
      if (changed === undefined) return;
      const after = stored({ ...before, ...changed });
      assert.ok(after.WorkingDir.startsWith('/'), after.WorkingDir);
      for (const path of Object.keys(after.Volumes)) assert.ok(path.startsWith('/'), path);
      for (const line of after.Env) assert.match(line, /^[^=]+=/s);
    },
    2000,
  );
});

test('manifests of App Container images', () => {
  const text = fc.oneof(
    textOf(
      'example.com',
      '/',
      'a',
      'version',
      'os',
      'arch',
      'linux',
      'amd64',
      'CAP_CHOWN',
      '1.0+b',
      '2Gi',
      '500m',
    ),
    fc.constantFrom(...inherited, 'resource/cpu', 'resource/memory', 'os/linux/capabilities-retain-set'),
  );
  const any = fc.oneof(text, fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 60, [], {}));
  const label = fc.oneof(text, fc.constantFrom('os', 'arch', 'version', 'authors'));
  const pairs = fc.array(fc.record({ name: label, value: text }), { maxLength: 3 });
  const value = fc.oneof(
    any,
    fc.record({ set: fc.array(any, { maxLength: 2 }) }),
    fc.record({ limit: any, request: any }),
  );
  const app = fc.record(
    {
      exec: fc.array(text, { maxLength: 2 }),
      user: text,
      group: text,
      workingDirectory: fc.oneof(fc.constant('/w'), any),
      environment: pairs,
      isolators: fc.array(fc.record({ name: text, value }), { maxLength: 3 }),
      mountPoints: fc.array(fc.record({ path: fc.constantFrom('/v', 'v', '__proto__') }), { maxLength: 2 }),
      ports: fc.array(fc.record({ protocol: text, port: any, count: any }), { maxLength: 2 }),
    },
    { requiredKeys: ['exec', 'user', 'group'] },
  );
  const manifest = fc.record(
    {
      acKind: fc.constant('ImageManifest'),
      acVersion: fc.constant('0.8.11'),
      name: text,
      labels: pairs,
      app: fc.oneof({ weight: 4, arbitrary: app }, { weight: 1, arbitrary: any }),
      dependencies: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: any }),
      annotations: pairs,
    },
    { requiredKeys: ['acKind', 'acVersion', 'name'] },
  );
  holds(
    fc.tuple(manifest, fc.boolean()),
    ([json, needsName]) => {
      const from = accepted(
        () => fromAci(parseAciManifest(Buffer.from(JSON.stringify(json))), { needsName }),
        ['BAD_IMAGE'],
      );
      if (from === undefined) return;
      const { Labels: labels } = stored(from.config);
      for (const [name, kept] of Object.entries(labels)) assert.equal(typeof kept, 'string', name);
    },
    2000,
  );
});
