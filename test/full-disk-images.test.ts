// The disk of likerd's --root fills up in the middle of a pull or a load: the image is not there, nothing is lost, what is left is for the next
// try or for prune, and `system df` tells what du does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { accountOf, diskUse } from './harness/image-store.ts';
import { layerOf, makeImage, serveImage, writeDockerArchive } from './harness/images.ts';
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

/** The folders of an image that was refused are emptied in the background. */
async function isTidy(): Promise<void> {
  await until(
    'the folders that were given up to be gone',
    () => accountOf(s.daemon.root).strange.length === 0,
  );
  assert.deepEqual(accountOf(s.daemon.root).missing, []);
  const { told, found } = await diskUse(s);
  assert.ok(Math.abs(told - found) <= 64 * 1024, `${told} told, ${found} on the disk`);
}

const images = async () => (await s.ok(['images', '-q'])).split('\n').filter(Boolean).length;

for (const [verb, act] of [
  ['pull', () => s.likerctl(['pull', '-q', name])],
  ['load', () => s.likerctl(['load', '-q', '-i', archive])],
] as const)
  test(`${verb}, with ever more room`, async (t) => {
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
      assert.equal(await images(), 0);
      assert.ok(room < 10 << 20, stderr);
    }
    t.diagnostic(`${seen.length} refusals: ${[...new Set(seen)].join('')}`);
    assert.ok(seen.length > 2, seen.join(''));
    assert.equal(await images(), 1);
    // Both need no room.
    leave(0);
    await s.ok(['rmi', name]);
    await s.ok(['image', 'prune', '-af']);
    free();
    await isTidy();
    const { told } = await diskUse(s);
    assert.equal(told, 0);
  });
