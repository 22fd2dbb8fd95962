// Images from archives: loaded, listed, named, run and removed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { imageFiles } from './harness/image-store.ts';
import {
  layerOf,
  layerOfFolder,
  makeImage,
  type TestImage,
  writeDockerArchive,
  writeLayout,
} from './harness/images.ts';
import { isOrdinaryUser, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

/** What is in a folder of likerd's --root. */
function stored(name: string): string[] {
  return readdirSync(join(s.daemon.root, name));
}

/** An image whose root is that of the tests, below a layer with these files. */
function runnable(files: Readonly<Record<string, string>>): TestImage {
  return makeImage([layerOfFolder(s.rootfs), layerOf(files)], { config: { Cmd: ['cat', '/message'] } });
}

async function removeAll(): Promise<void> {
  const ids = (await s.ok(['images', '-q', '--no-trunc'])).split('\n').filter(Boolean);
  if (ids.length > 0) await s.ok(['rmi', '-f', ...new Set(ids)]);
  assert.deepEqual(imageFiles(s.daemon.root), []);
}

test('one image in every form of archive is the same image, and runs', {
  skip: requiresProgram('zstd', 'xz', 'bzip2').skip,
}, async () => {
  const image = runnable({ message: 'hello\n' });
  const [layout, archive] = [s.folder('layout'), s.folder('archive')];
  writeLayout(layout, image, 'forms:oci');
  writeDockerArchive(archive, image, ['forms:docker', 'localhost:5000/forms:2']);
  assert.equal(await s.ok(['load', '-i', layout]), 'Loaded image: forms:oci');
  const tar = execFileSync('tar', ['c', '-C', archive, '.'], { maxBuffer: 1 << 30 });
  const loaded = 'Loaded image: forms:docker\nLoaded image: localhost:5000/forms:2';
  for (const [name, bytes] of [
    ['plain.tar', tar],
    ['packed.tar.gz', gzipSync(tar, { level: 1 })],
    ...(['zstd', 'xz', 'bzip2'] as const).map(
      (program) =>
        [
          `packed.${program}`,
          execFileSync(program, ['-c', '-1'], { input: tar, maxBuffer: 1 << 30 }),
        ] as const,
    ),
  ] as const) {
    const file = join(s.folder('files'), name);
    writeFileSync(file, bytes);
    assert.equal(await s.ok(['load', '-i', file]), loaded, name);
  }
  assert.equal(await s.ok(['load', '-q'], { stdin: tar }), loaded);
  const ids = (await s.ok(['images', '--no-trunc', '-q'])).split('\n');
  assert.deepEqual(new Set(ids), new Set([image.id]));
  assert.equal(stored('layers').length, 2);
  for (const name of ['forms:oci', 'docker.io/library/forms:docker', image.id, image.id.slice(7, 20)])
    assert.equal(await s.ok(['run', '--rm', name]), 'hello', name);
  await removeAll();
});

test('names are listed, given, taken and filtered as in Docker', async () => {
  const old = makeImage([layerOf({ a: 'a' })], {
    created: '2020-01-01T00:00:00Z',
    config: { Labels: { of: 'old' } },
  });
  const young = makeImage([layerOf({ a: 'a' }), layerOf({ b: 'b' })], { created: '2026-01-01T00:00:00Z' });
  for (const [index, image] of [old, young].entries()) {
    const folder = s.folder(`names-${index}`);
    writeDockerArchive(folder, image, [`names:${index}`]);
    await s.ok(['load', '-i', folder]);
  }
  const list = (...args: string[]) => s.ok(['images', '--format', '{{.Repository}}:{{.Tag}}', ...args]);
  assert.equal(await list(), 'names:1\nnames:0');
  assert.equal(await list('--filter', 'label=of=old'), 'names:0');
  assert.equal(await list('--filter', 'before=names:1'), 'names:0');
  assert.equal(await list('--filter', 'since=names:0'), 'names:1');
  await s.ok(['tag', 'names:0', 'localhost/other/x']);
  assert.equal(await list('*/*/x'), 'localhost/other/x:latest');
  assert.equal(await list('--filter', 'reference=names:*'), 'names:1\nnames:0');
  // The name goes over to the other image, which it is taken from.
  await s.ok(['tag', 'names:1', 'names:0']);
  assert.equal(await s.ok(['untag', 'localhost/other/x']), 'Untagged: localhost/other/x:latest');
  assert.equal(await list('--filter', 'dangling=true'), '<none>:<none>');
  const inspected = JSON.parse(await s.ok(['image', 'inspect', 'names:1']));
  assert.equal(inspected[0].Id, young.id);
  assert.deepEqual(inspected[0].RepoTags, ['names:0', 'names:1']);
  assert.deepEqual(
    inspected[0].RootFS.Layers,
    young.layers.map(({ diffId }) => diffId),
  );
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{index .Config.Labels "of"}}', old.id]), 'old');
  assert.equal(await s.ok(['history', '--format', '{{.CreatedBy}}', 'names:1']), 'step 2\nstep 1');
  // The lower layer is needed by the other image.
  const pruned = await s.ok(['image', 'prune', '-f']);
  assert.match(pruned, new RegExp(`^Deleted Images:\nDeleted: ${old.id}\n\nTotal reclaimed space: 0B$`));
  assert.equal(stored('layers').length, 2);
  await removeAll();
});

test('an image that a container has stays, whatever is asked', async () => {
  const image = runnable({ message: 'here\n' });
  const folder = s.folder('used');
  writeDockerArchive(folder, image, ['used', 'used:2']);
  await s.ok(['load', '-i', folder]);
  const container = await s.ok(['create', 'used']);
  assert.equal(await s.ok(['rmi', 'used:2']), 'Untagged: used:2');
  const refused = await s.likerctl(['rmi', 'used']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /Cannot remove image 'used': container [0-9a-f]{12} was made from it; remove the container first/,
  );
  assert.equal(await s.ok(['rmi', '-f', 'used']), 'Untagged: used:latest');
  assert.equal((await s.likerctl(['rmi', '-f', image.id])).code, 1);
  assert.equal(await s.ok(['image', 'prune', '-af']), 'Total reclaimed space: 0B');
  assert.equal(await s.ok(['start', '-a', container]), 'here');
  await s.ok(['rm', container]);
  assert.match(await s.ok(['image', 'prune', '-f']), new RegExp(`Deleted: ${image.id}`));
  await removeAll();
});

test('events say what happens to images', async () => {
  const image = makeImage([layerOf({ e: 'e' })]);
  const folder = s.folder('events');
  const since = String(Math.floor(Date.now() / 1000));
  writeDockerArchive(folder, image, ['told:1']);
  await s.ok(['load', '-i', folder]);
  await s.ok(['tag', 'told:1', 'told:2']);
  await s.ok(['rmi', 'told:1', 'told:2']);
  const format = '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.ID}}';
  const told = await s.ok([
    'events',
    '--since',
    since,
    '--until',
    '0s',
    '--filter',
    'type=image',
    '--format',
    format,
  ]);
  assert.deepEqual(
    told.split('\n').filter((line) => line.endsWith(image.id)),
    ['load told:1', 'tag told:2', 'untag told:1', 'untag told:2', `delete ${image.id}`].map(
      (what) => `image ${what} ${image.id}`,
    ),
  );
});

describe('what is wrong with an archive is said, and nothing of it stays', () => {
  const refused = async (prepare: (folder: string) => void, why: RegExp): Promise<void> => {
    const folder = s.folder('wrong');
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    prepare(folder);
    const { code, stderr } = await s.likerctl(['load', '-i', folder]);
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.equal(await s.ok(['images', '-q']), '');
    assert.deepEqual([stored('blobs/sha256'), stored('ingest')], [[], []]);
  };
  const image = makeImage([layerOf({ x: 'x' })]);
  const [layer] = image.layers;
  const digest = layer?.digest.replace(':', '/') ?? '';

  test('it holds no image', () =>
    refused((folder) => writeFileSync(join(folder, 'x'), ''), /neither index.json .* nor manifest.json/));
  test('it is in a form that is too old', () =>
    refused((folder) => writeFileSync(join(folder, 'repositories'), '{}'), /docker before 1.10/));
  test('a layer has another digest', () =>
    refused((folder) => {
      writeLayout(folder, image, 'wrong:1');
      const bytes = gzipSync(layerOf({ x: 'y' }), { level: 1 });
      assert.equal(bytes.length, layer?.bytes.length);
      writeFileSync(join(folder, 'blobs', digest), bytes);
    }, /Cannot use layer sha256:[0-9a-f]{64}: its digest is sha256/));
  test('a layer has another size', () =>
    refused((folder) => {
      writeLayout(folder, image, 'wrong:1');
      writeFileSync(join(folder, 'blobs', digest), 'x');
    }, /it has 1 bytes, and the image says/));
  test('a layer is missing', () =>
    refused((folder) => {
      writeLayout(folder, image, 'wrong:1');
      rmSync(join(folder, 'blobs', digest));
    }, /it is missing/));
  test('a link leads out of it', () =>
    refused((folder) => {
      writeDockerArchive(folder, image, ['wrong:1']);
      const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tar'));
      rmSync(join(folder, name));
      symlinkSync('/etc/passwd', join(folder, name));
    }, /it leads out of the archive|it is missing/));
  test('it is for another platform', () =>
    refused((folder) => {
      const other = makeImage([layerOf({ x: 'x' })], { platform: 's390x' });
      writeLayout(folder, other, 'wrong:1');
      const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
      index.manifests[0].platform = { os: 'linux', architecture: 's390x' };
      writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
    }, /has no image for linux\/amd64: it has linux\/s390x/));
  test('it is empty', async () => {
    const { code, stderr } = await s.likerctl(['load']);
    assert.deepEqual([code, /it is empty/.test(stderr)], [1, true], stderr);
  });
});

test('archives of skopeo and umoci are loaded', {
  skip: requiresProgram('skopeo', 'umoci').skip,
}, async () => {
  const folder = s.folder('foreign');
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: folder, stdio: 'pipe' });
  run('umoci', 'init', '--layout', 'layout');
  run('umoci', 'new', '--image', 'layout:t');
  run('umoci', 'insert', '--image', 'layout:t', s.rootfs, '/');
  run('umoci', 'config', '--image', 'layout:t', '--config.cmd', 'cat', '--config.cmd', '/proc/self/comm');
  run('skopeo', 'copy', '-q', 'oci:layout:t', 'docker-archive:docker.tar:foreign:1');
  run('skopeo', 'copy', '-q', 'oci:layout:t', 'oci-archive:oci.tar:foreign:2');
  // umoci keeps its files to itself.
  run('chmod', '-R', 'a+rX', '.');
  assert.equal(await s.ok(['load', '-i', join(folder, 'docker.tar')]), 'Loaded image: foreign:1');
  assert.equal(await s.ok(['load', '-i', join(folder, 'oci.tar')]), 'Loaded image: foreign:2');
  assert.match(await s.ok(['load', '-i', join(folder, 'layout')]), /^Loaded image ID: sha256:/);
  assert.equal(new Set((await s.ok(['images', '-q'])).split('\n')).size, 1);
  assert.equal(await s.ok(['run', '--rm', 'foreign:2']), 'cat');
  await removeAll();
});

test('a daemon that is killed while it loads leaves nothing that the next one keeps', async () => {
  const image = makeImage([layerOf({ big: Buffer.alloc(1 << 20, 'x').toString() })]);
  const folder = s.folder('killed');
  writeDockerArchive(folder, image, ['killed']);
  const tar = execFileSync('tar', ['c', '-C', folder, '.'], { maxBuffer: 1 << 30 });
  const loading = s.start(['load'], { stdin: 'open' });
  loading.child.stdin.write(tar.subarray(0, tar.length / 2));
  await until('bytes of the archive', () => stored('ingest').length > 0);
  await s.daemon.kill9();
  assert.equal((await loading.outcome).code, 1);
  await s.daemon.start();
  await until('an empty folder', () => stored('ingest').length === 0);
  assert.equal(await s.ok(['load', '-i', folder]), 'Loaded image: killed:latest');
  await removeAll();
});

test('files without rows go at the start, and an image whose files are gone is removed and told', async () => {
  const [whole, damaged] = [makeImage([layerOf({ w: 'w' })]), makeImage([layerOf({ d: 'd' })])];
  for (const [name, image] of Object.entries({ whole, damaged })) {
    const folder = s.folder(`at-start-${name}`);
    writeDockerArchive(folder, image, [name]);
    await s.ok(['load', '-i', folder]);
  }
  await s.daemon.stop();
  const stranger = 'f'.repeat(64);
  const folderOf = ({ layers: [layer] }: TestImage) =>
    join(s.daemon.root, 'layers', layer?.diffId.replace(':', '-') ?? '');
  mkdirSync(join(s.daemon.root, 'layers', `sha256-${stranger}`));
  writeFileSync(join(s.daemon.root, 'blobs/sha256', stranger), 'x');
  renameSync(folderOf(damaged), `${s.folder('gone')}/layer`);
  await s.daemon.start();
  assert.equal(await s.ok(['images', '--format', '{{.Repository}}']), 'whole');
  assert.match(s.daemon.log, new RegExp(`files of an image are gone.*${damaged.id}`));
  // It belongs to root, so likerd of another user cannot move it.
  const stays = isOrdinaryUser ? [`sha256-${stranger}`] : [];
  assert.deepEqual(
    stored('layers').toSorted(),
    [whole.layers[0]?.diffId.replace(':', '-'), ...stays].toSorted(),
  );
  assert.equal(/cannot be removed; remove it by hand.*ffff/.test(s.daemon.log), isOrdinaryUser);
  rmSync(join(s.daemon.root, 'layers', `sha256-${stranger}`), { recursive: true, force: true });
  assert.deepEqual(stored('blobs/sha256'), [whole.id.slice(7)]);
  await removeAll();
});
