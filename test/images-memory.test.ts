// How much memory likerd takes for images that come and go.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { layerOf, makeImage, serveImage } from './harness/images.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const mebibyte = 2 ** 20;

const s = suite();
let registry: FakeRegistry;
before(async () => {
  registry = await FakeRegistry.start();
});
after(() => registry[Symbol.asyncDispose]());

/** What docs/performance.md promises, in MiB. */
const promised = 120;

/** The greatest resident memory that likerd had, in MiB. */
function peak(): number {
  const status = readFileSync(`/proc/${s.daemon.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

test('the bytes of a pull leave no garbage behind: memory does not depend on how many there are', async () => {
  const bytes = randomBytes(64 * mebibyte);
  const image = makeImage(['a', 'b', 'c'].map((name) => layerOf({ [name]: bytes })));
  serveImage(registry, image, '1');
  const before = peak();
  await s.ok(['pull', '-q', `${registry.host}/great:1`]);
  assert.ok(peak() < before + 30, `${peak()} MiB, and ${before} MiB before the pull`);
  await s.ok(['rmi', `${registry.host}/great:1`]);
});

test('nor do those of an archive that is imported', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-memory-'));
  try {
    const archive = join(folder, 'root.tar');
    writeFileSync(archive, layerOf({ a: Buffer.alloc(400 * mebibyte) }));
    const before = peak();
    await s.ok(['import', archive, 'great:2']);
    assert.ok(peak() < before + 40, `${peak()} MiB, and ${before} MiB before the import`);
    await s.ok(['rmi', 'great:2']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test(
  'nor do those of an image that is made of a container, saved, pushed or imported',
  requiresProgram('docker-registry'),
  async (t) => {
    await using server = await DockerRegistry.start();
    const folder = mkdtempSync(join(tmpdir(), 'lk-memory-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const name = `${server.host}/made:1`;
    const archive = join(folder, 'image.tar');
    const container = (await s.ok(['run', '-d', s.rootfs, 'sleep', '1000'])).trim();
    t.after(() => s.ok(['rm', '-f', container]));
    await s.ok(['exec', container, 'bash', '-c', `head -c ${256 * mebibyte} /dev/urandom >/great`]);
    const works = {
      commit: ['commit', container, name],
      save: ['save', '-q', '-o', archive, name],
      push: ['push', '-q', name],
      export: ['export', '-o', archive, container],
      import: ['import', archive, name],
    };
    for (const [work, args] of Object.entries(works)) {
      // The peak is what it is now: https://docs.kernel.org/filesystems/proc.html
      writeFileSync(`/proc/${s.daemon.pid}/clear_refs`, '5');
      const before = peak();
      await s.ok(args);
      t.diagnostic(`${work}: ${before.toFixed(0)} MiB, at most ${peak().toFixed(0)} MiB`);
      assert.ok(peak() < promised, `${work}: ${peak()} MiB, and ${before} MiB before it`);
    }
    await s.ok(['rmi', '-f', name]);
  },
);
