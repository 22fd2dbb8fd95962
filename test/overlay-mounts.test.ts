// Mounts that are overlays: images, and folders and volumes that stay as they are whatever the container writes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ImageParts, imageArchive } from './harness/image.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();

async function load(name: string, layers: ImageParts['layers']): Promise<string> {
  await s.ok(['load', '-q', '-i', imageArchive(s.folder('archives'), { name, config: {}, layers })]);
  return name;
}

/** A folder of the host with a file of uid 33 and one of root. */
function source(name: string): string {
  const folder = s.folder(name);
  writeFileSync(join(folder, 'file'), 'as it was\n');
  writeFileSync(join(folder, 'other'), 'x');
  s.give(folder);
  s.give(join(folder, 'file'), 33, 44);
  execFileSync('chmod', ['1771', folder]);
  return folder;
}

/** Layers of mounts that the daemon has on its disk. */
function layersOnDisk(): string[] {
  const containers = join(s.daemon.root, 'containers');
  return readdirSync(containers).flatMap((id) => {
    const overlays = join(containers, id, 'overlays');
    return existsSync(overlays) ? readdirSync(overlays) : [];
  });
}

let loaded: Promise<string> | null = null;

/** The name of an image with two layers, of which the upper one hides files of the lower one. */
function image(): Promise<string> {
  loaded ??= load('local/data:1', [
    { top: 'lower\n', 'gone/x': 'x', 'usr/share/doc': 'text\n', 'whole/old': 'old' },
    { top: 'upper\n', '.wh.gone': '', 'whole/.wh..wh..opq': '', 'whole/new': 'new' },
  ]);
  return loaded;
}

inBothModes('the files of an image, read-only', async ({ flags }) => {
  const script =
    'cd /img; cat top; ls; ls whole; stat -c "%u:%g %a" top; touch top new 2>&1 | grep -c Read-only';
  const out = await s.sh([...flags, '--mount', `type=image,src=${await image()},dst=/img`], script);
  assert.equal(out, 'upper\ntop\nusr\nwhole\nnew\n0:0 755\n2');
  assert.deepEqual(layersOnDisk(), []);
});

inBothModes('one layer, a subpath, and a file of an image', async ({ flags, userns }) => {
  const one = await load(`local/one:${userns}`, [{ 'a/b/f': 'deep\n', top: 't\n' }]);
  const mount = (path: string) => ['--mount', `type=image,src=${one},dst=/img,image-subpath=${path}`];
  assert.equal(await s.sh([...flags, ...mount('a')], 'cat /img/b/f'), 'deep');
  assert.equal(
    await s.sh([...flags, ...mount('top')], 'cat /img; echo x 2>&1 >/img | grep -o Read-only'),
    't\nRead-only',
  );
  const { code, stderr } = await s.run([...flags, ...mount('none')], ['true']);
  assert.deepEqual([code, /ENOENT|not exist/.test(stderr)], [125, true], stderr);
  const above = await s.run([...flags, ...mount('../x')], ['true']);
  assert.match(above.stderr, /path in the image, without/);
});

inBothModes('a writable image keeps nothing from one run to the next', async ({ flags }) => {
  const mount = ['--mount', `type=image,src=${await image()},dst=/img,rw=true`];
  const id = await s.ok([
    'create',
    ...flags,
    ...mount,
    s.rootfs,
    'sh',
    '-c',
    'cat /img/top; echo new >/img/top; cat /img/top',
  ]);
  for (let run = 0; run < 2; run++) assert.equal(await s.ok(['start', '-a', id]), 'upper\nnew');
  await s.ok(['rm', id]);
});

inBothModes(':O: what is written is seen inside, and thrown away', async ({ flags, userns }) => {
  const folder = source(`o-${userns}`);
  const script =
    'stat -c "%u:%g %a" /o /o/file; echo changed >>/o/file; rm /o/other; mkdir /o/new; chown 5 /o/new; cat /o/file; ls /o';
  const id = await s.ok(['create', ...flags, '-v', `${folder}:/o:O`, s.rootfs, 'sh', '-c', script]);
  const expected = '0:0 1771\n33:44 644\nas it was\nchanged\nfile\nnew';
  for (let run = 0; run < 2; run++) assert.equal(await s.ok(['start', '-a', id]), expected);
  assert.deepEqual(layersOnDisk(), []);
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'other']);
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'as it was\n');
  await s.ok(['rm', id]);
});

inBothModes(
  'a volume as an overlay stays as it is, and one that is new stays empty',
  async ({ flags, userns }) => {
    const name = `over-${userns}`;
    await s.sh([...flags, '-v', `${name}:/v`], 'mkdir -p /v/a; echo one >/v/a/f');
    await s.sh([...flags, '-v', `${name}:/v:O`], 'echo two >/v/a/f; cat /v/a/f');
    const below = ['--mount', `src=${name},dst=/v,overlay,volume-subpath=a`];
    assert.equal(await s.sh([...flags, ...below], 'cat /v/f; echo three >/v/f; cat /v/f'), 'one\nthree');
    assert.equal(await s.sh([...flags, '-v', `${name}:/v`], 'cat /v/a/f'), 'one');
    await s.sh([...flags, '-v', `new-${userns}:/etc:O`], 'touch /etc/x');
    assert.deepEqual(
      readdirSync(await s.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', `new-${userns}`])),
      [],
    );
  },
);

test('what cannot be an overlay is refused', async () => {
  const folder = source('refused');
  for (const [flags, words] of [
    [['-v', `${folder}/file:/o:O`], /only a folder can be an overlay, and it is a file/],
    [['-v', `${folder}/none:/o:O`], /does not exist/],
    [['-v', `${folder}:/o:O,rslave`], /shows no mounts below its source, so propagation rslave/],
    [['--mount', 'type=image,src=local/none:1,dst=/o', '--pull', 'never'], /No such image/],
  ] as const) {
    const { code, stderr } = await s.run([...flags], ['true']);
    assert.deepEqual([code, words.test(stderr)], [125, true], stderr);
  }
});

test('an image that a mount needs is not removed before the container; inspect shows the mount', async () => {
  const name = await load('local/needed:1', [{ only: 'here' }]);
  const id = await s.ok([
    'create',
    '--mount',
    `type=image,src=${name},dst=/img`,
    s.rootfs,
    'cat',
    '/img/only',
  ]);
  const refused = await s.likerctl(['rmi', name]);
  assert.match(refused.stderr, /container/);
  assert.equal(refused.code, 1);
  const [mount] = JSON.parse(await s.ok(['inspect', '-f', '{{json .Mounts}}', id])) as Record<
    string,
    unknown
  >[];
  assert.deepEqual(
    [mount?.['Type'], mount?.['Source'], mount?.['Destination'], mount?.['RW']],
    ['image', name, '/img', false],
  );
  const other = await s.ok(['create', '--volumes-from', id, s.rootfs, 'cat', '/img/only']);
  await s.ok(['rm', id]);
  assert.equal(await s.ok(['start', '-a', other]), 'here');
  await s.ok(['rm', other]);
  await s.ok(['rmi', name]);
});

test('kill -9 of the daemon leaves no layer: the next start and the removal throw it away', async () => {
  const folder = source('killed');
  const id = await s.ok([
    'run',
    '-d',
    '-v',
    `${folder}:/o:O`,
    s.rootfs,
    'sh',
    '-c',
    'touch /o/new; ls /o; exec sleep 600',
  ]);
  await until('the container has written', async () => (await s.ok(['logs', id])).includes('new'));
  assert.equal(layersOnDisk().length, 1);
  await s.daemon.kill9();
  await s.daemon.start();
  assert.equal(await s.ok(['exec', id, 'ls', '/o']), 'file\nnew\nother');
  await s.ok(['kill', id]);
  await until('the layer is thrown away', () => layersOnDisk().length === 0);
  await s.ok(['rm', '-f', id]);
});
