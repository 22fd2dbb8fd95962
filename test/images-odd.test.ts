// What is odd about images, and trips other tools: no history, no layers, names in several spellings, archives without an image.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../common/digest.ts';
import {
  layerOf,
  layerOfFolder,
  makeImage,
  type TestImage,
  writeDockerArchive,
  writeLayout,
} from './harness/images.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();

/** The image with another configuration. */
function changed(image: TestImage, change: (configuration: Record<string, unknown>) => void): TestImage {
  const json = JSON.parse(image.configuration.toString());
  change(json);
  const configuration = Buffer.from(JSON.stringify(json));
  const manifest = JSON.parse(image.manifest.toString());
  manifest.config = { ...manifest.config, digest: digestOf(configuration), size: configuration.length };
  return {
    ...image,
    id: digestOf(configuration),
    configuration,
    manifest: Buffer.from(JSON.stringify(manifest)),
  };
}

const tarOf = (folder: string): Buffer =>
  execFileSync('tar', ['c', '-C', folder, '.'], { maxBuffer: 1 << 30 });

/** skopeo's copy of an image that `save` has written, in Docker's first form of a manifest, which is made from the history. */
async function convertedBySkopeo(name: string): Promise<{ history: unknown[]; fsLayers: unknown[] }> {
  const folder = s.folder(`converted-${name}`);
  await s.ok(['save', '-o', join(folder, 'saved.tar'), name]);
  const from = `docker-archive:${join(folder, 'saved.tar')}`;
  const to = join(folder, 'out');
  execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', '--format', 'v2s1', from, `dir:${to}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'));
}

test('an image without a history is loaded unchanged, and what is made from it has a step for each layer', {
  ...requiresProgram('skopeo'),
}, async () => {
  const image = changed(makeImage([layerOfFolder(s.rootfs), layerOf({ f: 'f' })]), (json) => {
    delete json['history'];
  });
  const folder = s.folder('no-history');
  writeLayout(folder, image, 'silent:1');
  await s.ok(['load', '-i', folder]);
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', 'silent:1']), image.id);
  assert.equal((await s.ok(['history', '-q', 'silent:1'])).split('\n').length, 2);
  const container = await s.ok(['run', '-d', 'silent:1', 'sh', '-c', 'echo x >/made']);
  await s.ok(['wait', container]);
  await s.ok(['commit', container, 'told']);
  const { history, fsLayers } = await convertedBySkopeo('told');
  assert.deepEqual([history.length, fsLayers.length], [3, 3]);
  await s.ok(['rm', container]);
  await s.ok(['rmi', 'silent:1', 'told']);
});

test('an image without layers is loaded and saved; a container from it is refused', async () => {
  const [folder, saved] = [s.folder('no-layers'), join(s.folder('saved'), 'none.tar')];
  const image = makeImage([]);
  writeLayout(folder, image, 'none:1');
  assert.equal(await s.ok(['load', '-i', folder]), 'Loaded image: none:1');
  await s.ok(['save', '-o', saved, 'none:1']);
  await s.ok(['rmi', 'none:1']);
  assert.equal(await s.ok(['load', '-i', saved]), 'Loaded image: none:1');
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', 'none:1']), image.id);
  const { code, stderr } = await s.likerctl(['run', '--rm', 'none:1', 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /Cannot use image 'none:1': it has no layers, and so no program/);
  await s.ok(['rmi', 'none:1']);
});

test('an imported image has the present time, whatever that of its tar; docker reads what is saved of it', {
  ...requiresProgram('xz', 'skopeo'),
}, async () => {
  const folder = s.folder('time');
  const tar = layerOf({ 'etc/x': 'x' });
  const file = join(folder, 'old.tar.xz');
  writeFileSync(file, execFileSync('xz', ['-c'], { input: tar }));
  utimesSync(file, 1, 1);
  const before = Date.now();
  await s.ok(['import', file, 'timed']);
  const [{ Created, RootFS }] = JSON.parse(await s.ok(['image', 'inspect', 'timed']));
  assert.ok(Date.parse(Created) >= before && Date.parse(Created) <= Date.now(), Created);
  assert.deepEqual(RootFS.Layers, [digestOf(tar)]);
  const { history } = await convertedBySkopeo('timed');
  assert.equal(history.length, 1);
  await s.ok(['rmi', 'timed']);
});

test('an archive that is well formed and holds no image is refused, whichever form it has', async () => {
  const [docker, oci] = [s.folder('empty-docker'), s.folder('empty-oci')];
  writeFileSync(join(docker, 'manifest.json'), '[]');
  writeFileSync(join(oci, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  writeFileSync(join(oci, 'index.json'), '{"schemaVersion": 2, "manifests": []}');
  for (const folder of [docker, oci]) {
    const { code, stdout, stderr } = await s.likerctl(['load', '-i', folder]);
    assert.deepEqual([code, stdout], [1, ''], folder);
    assert.match(stderr, /it has no image|no image for .*: it has none at all/);
  }
});

test('what is no archive, or ends within one, ends load with an error; images before the fault are there, and were printed', async () => {
  for (const stdin of ['no archive at all', Buffer.alloc(4096, 7)]) {
    const { code, stdout, stderr } = await s.likerctl(['load'], { stdin });
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, /Cannot (read|load) the archive/);
  }
  const folder = s.folder('second-is-bad');
  const images = [makeImage([layerOf({ one: '1' })]), makeImage([layerOf({ two: '2' })])] as const;
  const entries: unknown[] = [];
  for (const [index, image] of images.entries()) {
    writeDockerArchive(folder, image, [`part:${index}`]);
    entries.push(...JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(entries));
  const bad = images[1].layers[0]?.diffId.slice('sha256:'.length);
  writeFileSync(join(folder, `${bad}.tar`), layerOf({ two: 'other' }));
  const { code, stdout, stderr } = await s.likerctl(['load'], { stdin: tarOf(folder) });
  assert.deepEqual([code, stdout], [1, 'Loaded image: part:0\n'], stderr);
  assert.equal(await s.ok(['images', '--format', '{{.Repository}}:{{.Tag}}']), 'part:0');
  await s.ok(['rmi', 'part:0']);
});

test('an image is found, tagged and removed by every spelling of its name, however it came', async () => {
  const spellings = [
    'x:t',
    'library/x:t',
    'docker.io/x:t',
    'docker.io/library/x:t',
    'index.docker.io/library/x:t',
  ];
  for (const given of spellings) {
    const id = await s.ok(['import', '-', given], { stdin: layerOf({ f: given }) });
    for (const name of spellings)
      assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', name]), id, `${given} as ${name}`);
    assert.equal(
      await s.ok(['images', '--format', '{{.Repository}}:{{.Tag}}', '-f', 'dangling=false']),
      'x:t',
    );
  }
  for (const name of spellings) {
    await s.ok(['rmi', name]);
    assert.equal(await s.ok(['images', '-q', '-f', 'dangling=false']), '');
    await s.ok(['import', '-', 'x:t'], { stdin: layerOf({ f: name }) });
  }
  await s.ok(['image', 'prune', '-af']);
  assert.equal(await s.ok(['images', '-q']), '');
});
