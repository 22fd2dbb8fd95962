// Images of root file systems: tars of any kind, directories, what is at a URL.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tar } from '../native/test/tar.ts';
import { busyboxFolder } from './harness/image.ts';
import { imageFiles } from './harness/image-store.ts';
import { layerOf, layerOfFolder, makeImage, writeDockerArchive } from './harness/images.ts';
import { isOrdinaryUser, requires, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();

async function removeAll(): Promise<void> {
  const ids = (await s.ok(['images', '-q', '--no-trunc'])).split('\n').filter(Boolean);
  if (ids.length > 0) await s.ok(['rmi', '-f', ...new Set(ids)]);
  assert.deepEqual(imageFiles(s.daemon.root), []);
}

const compressed: Readonly<Record<string, (tar: Buffer) => Buffer>> = {
  plain: (tar) => tar,
  gzip: (tar) => gzipSync(tar, { level: 1 }),
  xz: (tar) => execFileSync('xz', ['-0c'], { input: tar, maxBuffer: 1 << 30 }),
  bzip2: (tar) => execFileSync('bzip2', ['-1c'], { input: tar, maxBuffer: 1 << 30 }),
  zstd: (tar) => execFileSync('zstd', ['-1c'], { input: tar, maxBuffer: 1 << 30 }),
};

test('the tar of a root becomes an image, however it is compressed: the layer is the same', {
  skip: requiresProgram('xz', 'bzip2', 'zstd').skip,
}, async () => {
  const tar = layerOfFolder(busyboxFolder(s.folder('root')).folder);
  const layers = new Set<string>();
  for (const [name, compress] of Object.entries(compressed)) {
    const bytes = compress(tar);
    const id = await s.ok(['import', '-c', 'CMD ["cat", "/proc/self/comm"]', '-', name], { stdin: bytes });
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', `${name}:latest`]), id);
    layers.add(await s.ok(['image', 'inspect', '-f', '{{index .RootFS.Layers 0}}', id]));
  }
  assert.equal(layers.size, 1);
  assert.equal(await s.ok(['run', '--rm', 'xz']), 'cat');
  assert.equal(await s.ok(['history', '--format', '{{.Comment}}', 'xz']), 'Imported from -');
  assert.match(await s.ok(['load'], { stdin: tar }), /^Loaded image ID: sha256:[0-9a-f]{64}$/);
  await removeAll();
});

test('what is asked for is in the configuration', async () => {
  const file = join(s.folder('asked'), 'root.tar');
  writeFileSync(file, layerOf({ 'etc/x': 'x' }));
  const since = String(Math.floor(Date.now() / 1000));
  const changes = ['ENV A=1 B="2 3"', 'EXPOSE 80', 'LABEL of=me', 'USER 1000', 'WORKDIR /srv'];
  const flags = ['-m', 'by hand', '--platform', 'linux/arm64/v8', ...changes.flatMap((line) => ['-c', line])];
  const id = await s.ok(['image', 'import', ...flags, file, 'localhost:5000/asked:1']);
  const [{ Architecture, Comment, Config, RepoTags }] = JSON.parse(await s.ok(['image', 'inspect', id]));
  assert.deepEqual(
    [Architecture, RepoTags, Config.Env, Config.Labels, Config.User, Config.WorkingDir],
    ['arm64', ['localhost:5000/asked:1'], ['A=1', 'B=2 3'], { of: 'me' }, '1000', '/srv'],
  );
  assert.deepEqual(Config.ExposedPorts, { '80/tcp': {} });
  assert.ok(Comment === undefined || Comment === 'by hand');
  assert.equal(await s.ok(['history', '--format', '{{.Comment}}', id]), 'by hand');
  const format = ['--filter', 'event=import', '--format', '{{.Action}} {{.Actor.Attributes.name}}'];
  // The second may have begun with another test.
  const events = await s.ok(['events', '--since', since, '--until', '0s', ...format]);
  assert.equal(events.split('\n').at(-1), 'import localhost:5000/asked:1');
  await removeAll();
});

test('a directory becomes an image with all that belongs to its files', {
  skip:
    requires('likerctl of root, for owners of files', process.env['LIKER_TEST_USER'] !== '1').skip ||
    requiresProgram('setcap', 'setfattr').skip,
}, async () => {
  const folder = s.folder('directory');
  execFileSync('cp', ['-a', `${s.rootfs}/.`, folder]);
  mkdirSync(join(folder, 'kept'));
  const file = join(folder, 'kept/file');
  writeFileSync(file, 'content');
  chownSync(file, 1234, 5678);
  chmodSync(file, 0o4755);
  linkSync(file, join(folder, 'kept/other'));
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'yes', file]);
  execFileSync('setcap', ['cap_net_raw=ep', join(folder, 'kept/other')]);
  for (const command of ['import', 'load -i'] as const) {
    const id = (await s.ok([...command.split(' '), folder])).replace('Loaded image ID: ', '');
    const [layer = ''] = JSON.parse(await s.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', id]));
    const made = join(s.daemon.root, 'layers', layer.replace(':', '-'), 'kept');
    const facts = execFileSync('stat', ['-c', '%u %g %h %a', join(made, 'file')]).toString();
    assert.equal(facts, '1234 5678 2 755\n'.replace(' 755', ' 4755'));
    assert.match(execFileSync('getfattr', ['-d', join(made, 'file')]).toString(), /user.note="yes"/);
    assert.match(execFileSync('getcap', [join(made, 'file')]).toString(), /cap_net_raw=ep/);
    assert.equal(await s.ok(['run', '--rm', id, 'cat', '/kept/other']), 'content');
    await removeAll();
  }
});

test('likerctl fetches what is at a URL', async () => {
  const tar = layerOf({ 'bin/x': 'x' });
  await using server = createServer((request, response) => {
    if (request.url === '/root.tar') response.end(tar);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const id = await s.ok(['import', `${url}/root.tar`]);
  assert.equal(await s.ok(['history', '--format', '{{.Comment}}', id]), `Imported from ${url}/root.tar`);
  const { code, stderr } = await s.likerctl(['import', `${url}/other`]);
  assert.deepEqual(
    [code, /Cannot fetch 'http.*\/other': the server answers 404/.test(stderr)],
    [1, true],
    stderr,
  );
  await removeAll();
});

test('an owner that the ids of an ordinary user do not reach is named, with what gives more of them', {
  ...requires("an ordinary user's likerd", isOrdinaryUser),
}, async () => {
  for (const entry of [
    { name: 'etc/shadow', uid: 4_000_000, gid: 7 },
    { name: 'etc/folder', type: '5', uid: 4_000_000, gid: 7 },
    { name: 'etc/link', type: '2', target: 'x', uid: 4_000_000, gid: 7 },
  ]) {
    const { code, stderr } = await s.likerctl(['import', '-', 'far'], { stdin: tar(entry) });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Cannot give 'etc\/\w+' to user 4000000 and group 7: the user namespace lacks one of these ids; give the user of likerd more in \/etc\/subuid and \/etc\/subgid/,
    );
  }
  await removeAll();
});

test('what is wrong is said, and nothing of it stays', async () => {
  const folder = s.folder('wrong');
  writeDockerArchive(folder, makeImage([layerOf({ x: 'x' })]), ['wrong:1']);
  const tar = layerOf({ 'bin/x': 'x'.repeat(5000) });
  for (const [args, stdin, why] of [
    [['-'], layerOfFolder(folder), /it holds images; take them in with likerctl load/],
    [['-c', 'RUN make', '-'], tar, /Invalid change 'RUN make': RUN is none of CMD/],
    [['--platform', 'a/b/c/d', '-'], tar, /platform/],
    [['-'], Buffer.from('no tar at all'), /Cannot read the archive: it is not a tar archive/],
    [['-'], tar.subarray(0, 2000), /Cannot read the archive/],
    [['-', 'Wrong'], tar, /Wrong/],
    [['-', `x@sha256:${'a'.repeat(64)}`], tar, /known by a digest only where it was pulled from/],
    [['/does/not/exist'], tar, /Cannot read '\/does\/not\/exist'/],
  ] as const) {
    const { code, stderr } = await s.likerctl(['import', ...args], { stdin });
    assert.deepEqual([code, why.test(stderr)], [1, true], `${args.join(' ')}: ${stderr}`);
  }
  assert.equal(await s.ok(['images', '-aq']), '');
  await removeAll();
});
