// The disk of likerd's --root fills up in the middle of a pull, a load, an import or a commit: the image is not there, nothing is lost, what is left
// is for the next try or for prune, and `system df` tells what du does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { busyboxFolder } from './harness/image.ts';
import { accountOf, diskUse } from './harness/image-store.ts';
import { layerOf, layerOfFolder, makeImage, serveImage, writeDockerArchive } from './harness/images.ts';
import { SmallDisk } from './harness/small-disk.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const disk = new SmallDisk('root');
const s = suite({ home: disk.home });
after(() => disk.unmount());
const work = mkdtempSync(join(tmpdir(), 'lk-full-'));
after(() => rmSync(work, { recursive: true }));

/** Gzip makes so little of these bytes that a look at the room for twice the archive finds enough. */
const image = makeImage([
  layerOf({ a: Buffer.alloc(1_500_000, 'a'), b: 'b' }),
  layerOf({ c: Buffer.alloc(1_500_000, 'c'), d: 'd' }),
]);
const archive = join(work, 'image.tar.gz');
const large = layerOf({ large: Buffer.alloc(2_500_000, 'x') });
let registry: FakeRegistry;
let name = '';

before(async () => {
  registry = await FakeRegistry.start();
  serveImage(registry, image, '1');
  name = `${registry.host}/full:1`;
  const folder = join(work, 'archive');
  writeDockerArchive(folder, image, [name]);
  execFileSync('tar', ['-C', folder, '-czf', archive, '.']);
});
after(() => registry[Symbol.asyncDispose]());

const filler = () => join(disk.mountPoint, 'room');

/** Leaves so many bytes free. */
function leave(bytes: number): void {
  rmSync(filler(), { force: true });
  const { bavail, bsize } = statfsSync(disk.mountPoint);
  const fd = openSync(filler(), 'w');
  try {
    const block = Buffer.alloc(bsize);
    for (let left = bavail * bsize - bytes; left >= bsize; left -= bsize) writeSync(fd, block);
  } finally {
    closeSync(fd);
  }
}

function free(): void {
  const fd = openSync(filler(), 'w');
  ftruncateSync(fd, 0);
  closeSync(fd);
}

/** The folders of an image that was refused are emptied in the background, and the rows of one that was removed go when there is room again. */
async function isTidy(): Promise<void> {
  await until('files and rows to agree', () => {
    const { strange, missing } = accountOf(s.daemon.root);
    return strange.length + missing.length === 0;
  });
  const { told, found } = await diskUse(s);
  assert.ok(Math.abs(told - found) <= 64 * 1024, `${told} told, ${found} on the disk`);
}

const images = async () => (await s.ok(['images', '-q'])).split('\n').filter(Boolean).length;

/** Fails with ever more room, until there is enough; returns how often. */
async function withEverMoreRoom(act: () => ReturnType<typeof s.likerctl>, t: TestContext): Promise<number> {
  const before = await images();
  const seen: string[] = [];
  for (let room = 64 << 10; ; room += 512 << 10) {
    leave(room);
    const { code, stderr } = await act();
    free();
    await isTidy();
    if (code === 0) break;
    assert.equal(code, 1);
    assert.match(stderr, /^likerctl: Cannot [^\n]*free some [^\n]*\n$/);
    seen.push(stderr);
    assert.equal(await images(), before);
    assert.ok(room < 10 << 20, stderr);
  }
  t.diagnostic(`${seen.length} refusals: ${[...new Set(seen)].join('')}`);
  assert.equal(await images(), before + 1);
  return seen.length;
}

/** All images go, which needs no room. */
async function removeAll(): Promise<void> {
  leave(0);
  await s.ok(['image', 'prune', '-af']);
  free();
  // The rows go once there is room. Until then nobody knows that a layer which two of the images had is free.
  await isTidy();
  await s.ok(['image', 'prune', '-af']);
  await isTidy();
  const { told } = await diskUse(s);
  assert.equal(told, 0);
}

for (const [verb, act] of [
  ['pull', () => s.likerctl(['pull', '-q', name])],
  ['load', () => s.likerctl(['load', '-q', '-i', archive])],
  ['import', () => s.likerctl(['import', '-', 'made'], { stdin: large })],
] as const)
  test(`${verb}, with ever more room`, async (t) => {
    const refusals = await withEverMoreRoom(act, t);
    assert.ok(refusals > 2, `${refusals}`);
    leave(0);
    await s.ok(['rmi', verb === 'import' ? 'made' : name]);
    await removeAll();
  });

test('commit, with ever more room: the container goes on', async (t) => {
  await s.ok(['import', '-', 'base'], { stdin: layerOfFolder(busyboxFolder(join(work, 'busybox')).folder) });
  const script = 'head -c 2000000 /dev/zero | tr "\\0" x >/made; echo ready; exec sleep 100000';
  const id = await s.ok(['run', '-d', 'base', 'sh', '-c', script]);
  await until('the container to have written', async () => (await s.ok(['logs', id])).includes('ready'));
  const refusals = await withEverMoreRoom(() => s.likerctl(['commit', id, 'made']), t);
  assert.ok(refusals > 2, `${refusals}`);
  assert.equal((await s.inspect(id)).State.Status, 'running');
  assert.equal(await s.ok(['exec', id, 'wc', '-c', '/made']), '2000000 /made');
  assert.equal(await s.ok(['run', '--rm', 'made', 'wc', '-c', '/made']), '2000000 /made');
  await s.ok(['rm', '-f', id]);
  await removeAll();
});
