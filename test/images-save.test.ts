// Archives of images that other tools read, and that are the same images.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf } from '../common/digest.ts';
import { tar } from '../native/test/tar.ts';
import { makeImage, type TestImage, writeLayout } from './harness/images.ts';
import { isOrdinaryUser, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const tag = 'docker.io/library/saved:1';
const maxBuffer = 1 << 30;
/** Beyond what the plain header of a tar can have, where likerd has such ids. */
const owner = isOrdinaryUser ? 3000 : 3_000_000;

/** A tree that not every tool would write the same again: an odd order, links, times, a file that a later one replaces. */
const lower = tar(
  { name: 'etc/', type: '5', mtime: 1 },
  { name: 'bin/', type: '5', mode: 0o700, mtime: 7 },
  { name: 'bin/tool', data: 'first', mode: 0o4755, uid: owner, mtime: 1_000_000 },
  { name: 'etc/tool', type: '1', target: 'bin/tool' },
  { name: 'bin/tool', data: 'second', mode: 0o755 },
  { name: 'etc/link', type: '2', target: '../bin/tool' },
  { name: 'gone', data: 'gone' },
);
const upper = tar({ name: '.wh.gone' }, { name: 'message', data: 'hello\n' });

function sample(): TestImage {
  return makeImage([lower, upper], { config: { Cmd: ['/bin/tool'], Labels: { of: 'a test' } } });
}

/** Loads an image under a name, and returns it. */
async function loaded(image: TestImage, name: string, ...flags: readonly string[]): Promise<TestImage> {
  const folder = s.folder(`layout-${name.replaceAll(/\W/g, '-')}-${flags.length}`);
  writeLayout(folder, image, name);
  await s.ok(['load', '-q', ...flags, '-i', folder]);
  return image;
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer });
}

/** The digest of the configuration that skopeo finds. */
function idBySkopeo(image: string): string {
  return digestOf(execFileSync('skopeo', ['inspect', '--config', '--raw', image]));
}

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('foreign readers', () => {
  test('skopeo and umoci read all forms, as the same image', {
    skip: requiresProgram('skopeo', 'umoci').skip,
  }, async () => {
    const image = await loaded(sample(), tag);
    const folder = s.folder('foreign');
    const [both, oci, docker] = ['both.tar', 'oci.tar', 'docker.tar'].map((name) => join(folder, name));
    assert.ok(both && oci && docker);
    const layout = join(folder, 'layout');
    await s.ok(['save', '-o', both, 'saved:1']);
    await s.ok(['save', '--format', 'oci-archive', '--compression', 'zstd', '-o', oci, 'saved:1']);
    await s.ok(['save', '--format', 'docker-archive', '-o', docker, 'saved:1']);
    await s.ok(['save', '--format', 'oci-dir', '--compression', 'gzip', '-o', layout, 'saved:1']);
    for (const name of [
      `docker-archive:${both}:${tag}`,
      `oci-archive:${both}:1`,
      `oci-archive:${oci}:1`,
      `docker-archive:${docker}:${tag}`,
      `oci:${layout}:1`,
    ])
      assert.equal(idBySkopeo(name), image.id, name);
    // Every digest is checked on the way.
    const copy = join(folder, 'copy');
    run('skopeo', 'copy', '-q', `docker-archive:${docker}:${tag}`, `dir:${copy}`);
    run('umoci', 'unpack', '--image', `${layout}:1`, join(folder, 'bundle'));
    const root = join(folder, 'bundle/rootfs');
    assert.deepEqual(readdirSync(root).toSorted(), ['bin', 'etc', 'message']);
    assert.equal(readFileSync(join(root, 'bin/tool'), 'utf8'), 'second');
    assert.equal(readFileSync(join(root, 'etc/tool'), 'utf8'), 'first');
    assert.equal(statSync(join(root, 'etc/tool')).uid, owner);
    await s.ok(['rmi', 'saved:1']);
  });

  test('podman and buildah load them, as the same image', {
    skip: requiresProgram('podman', 'buildah').skip,
  }, async () => {
    // Podman takes no layer with two entries of one name.
    const once = tar({ name: 'dir/', type: '5' }, { name: 'dir/file', data: 'once', uid: 7, mode: 0o4755 });
    const image = await loaded(makeImage([once, upper]), tag);
    const folder = s.folder('podman');
    const place = [
      ['--root', join(folder, 'root')],
      ['--runroot', join(folder, 'run')],
      ['--storage-driver', 'vfs'],
    ].flat();
    const file = join(folder, 'image.tar');
    for (const flags of [
      [],
      ['--format', 'docker-archive'],
      ['--format', 'oci-archive', '--compression', 'gzip'],
    ]) {
      await s.ok(['save', ...flags, '-o', file, 'saved:1']);
      run('podman', ...place, 'load', '-q', '-i', file);
      const id = run('podman', ...place, 'images', '-q', '--no-trunc').trim();
      assert.equal(id, image.id, flags.join(' '));
      run('podman', ...place, 'rmi', '-f', id);
    }
    await s.ok(['save', '-o', file, 'saved:1']);
    const pulled = run('buildah', ...place, 'pull', '-q', `docker-archive:${file}`).trim();
    assert.equal(`sha256:${pulled}`, image.id);
    await s.ok(['rmi', 'saved:1']);
  });
});

test('layers come again byte by byte, whatever the form, and are loaded as the same image', async () => {
  const image = await loaded(sample(), tag);
  const folder = s.folder('again');
  for (const [format, compression] of [
    ['', ''],
    ['', 'zstd'],
    ['oci-archive', 'gzip'],
    ['docker-archive', 'none'],
    ['docker-archive', 'zstd'],
    ['oci-dir', 'none'],
  ] as const) {
    const name = `${format}-${compression}`;
    const path = join(folder, name);
    const flags = [
      ...(format === '' ? [] : ['--format', format]),
      ...(compression === '' ? [] : ['--compression', compression]),
    ];
    await s.ok(['save', '-q', ...flags, '-o', path, 'saved:1']);
    if (format === 'oci-dir') {
      const { diffId = '' } = image.layers[0] ?? {};
      assert.deepEqual(readFileSync(join(path, 'blobs', diffId.replace(':', '/'))), lower);
    } else {
      // The same image gives the same archive.
      await s.ok(['save', '-q', ...flags, '-o', `${path}.2`, 'saved:1']);
      assert.ok(readFileSync(path).equals(readFileSync(`${path}.2`)), name);
    }
    await s.ok(['rmi', 'saved:1']);
    assert.equal(await s.ok(['load', '-q', '-i', path]), 'Loaded image: saved:1', name);
    assert.equal(await s.ok(['images', '-q', '--no-trunc']), image.id, name);
  }
  await s.ok(['rmi', 'saved:1']);
});

test('archives that are kept go unchanged, and so does the manifest', async () => {
  const image = await loaded(sample(), tag, '--keep-blobs');
  const path = join(s.folder('kept'), 'layout');
  await s.ok(['save', '--format', 'oci-dir', '-o', path, 'saved:1']);
  const [entry] = json(join(path, 'index.json')).manifests;
  assert.equal(entry.digest, digestOf(image.manifest));
  for (const { digest, bytes } of image.layers)
    assert.deepEqual(readFileSync(join(path, 'blobs', digest.replace(':', '/'))), bytes);
  await s.ok(['rmi', 'saved:1']);
});

test('several images are in one archive, with the names that were meant', async () => {
  const one = await loaded(sample(), tag);
  const two = await loaded(makeImage([lower]), 'localhost:5000/other:1');
  await s.ok(['tag', 'saved:1', 'saved:2']);
  const folder = s.folder('several');
  const names = async (...images: string[]): Promise<unknown> => {
    const file = join(folder, 'several.tar');
    await s.ok(['save', '-o', file, ...images]);
    const entries = JSON.parse(run('tar', 'xOf', file, 'manifest.json')) as {
      Config: string;
      RepoTags: string[] | null;
    }[];
    return entries.map(({ Config, RepoTags }) => [`sha256:${Config.split('/').at(-1)}`, RepoTags]);
  };
  const second = 'docker.io/library/saved:2';
  assert.deepEqual(await names('saved'), [[one.id, [tag, second]]]);
  assert.deepEqual(await names('saved:2', 'localhost:5000/other'), [
    [one.id, [second]],
    [two.id, ['localhost:5000/other:1']],
  ]);
  assert.deepEqual(await names(two.id, one.id.slice(7, 19), 'saved:1'), [
    [two.id, null],
    [one.id, [tag]],
  ]);
  // A layer that both have is there once; of two images with one tag, each is found by its whole name.
  const layout = join(folder, 'layout');
  await s.ok(['save', '--format', 'oci-dir', '-o', layout, 'saved:1', 'localhost:5000/other:1']);
  assert.equal(readdirSync(join(layout, 'blobs/sha256')).length, 2 + 2 + 2);
  const found = json(join(layout, 'index.json')).manifests.map(
    ({ annotations }: { annotations: Record<string, string> }) =>
      annotations['org.opencontainers.image.ref.name'],
  );
  assert.deepEqual(found, [tag, 'localhost:5000/other:1']);
  await s.ok(['rmi', '-f', one.id, two.id]);
});

test('an archive goes to stdout, but not to a terminal; a file gets its name when it is complete', async () => {
  const image = await loaded(sample(), tag);
  const folder = s.folder('output');
  const file = join(folder, 'image.tar');
  await s.ok(['save', '-o', file, 'saved:1']);
  const [program = '', ...args] = s.command('bin/likerctl');
  const command = [...args, '-H', `unix://${s.daemon.socket}`, 'save', 'saved:1'];
  const written = execFileSync(program, command, { maxBuffer });
  assert.ok(written.equals(readFileSync(file)));
  await using screen = s.terminal(['save', 'saved:1']);
  assert.notEqual(await screen.end(), 0);
  assert.match(screen.screen(), /stdout is a terminal; name a file with -o/);
  writeFileSync(file, 'before');
  const missing = await s.likerctl(['save', '-o', file, 'saved:1', 'nothing']);
  assert.match(missing.stderr, /No such image: 'nothing'/);
  assert.equal(readFileSync(file, 'utf8'), 'before');
  assert.deepEqual(readdirSync(folder), ['image.tar']);
  const nowhere = await s.likerctl(['save', '-o', join(folder, 'none/image.tar'), 'saved:1']);
  assert.match(nowhere.stderr, /Cannot write '.*': ENOENT: its directory does not exist/);
  mkdirSync(join(folder, 'full/x'), { recursive: true });
  const full = await s.likerctl(['save', '--format', 'oci-dir', '-o', join(folder, 'full'), 'saved:1']);
  assert.match(full.stderr, /it is not empty; name a new directory/);
  await s.ok(['save', '-o', '/dev/null', 'saved:1']);
  assert.ok(statSync('/dev/null').isCharacterDevice() && existsSync(file));
  await s.ok(['rmi', image.id]);
});
