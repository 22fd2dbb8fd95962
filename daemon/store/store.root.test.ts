import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-full-'));
before(() => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]));
after(() => {
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

test('a full disk is reported as such, and the change succeeds once there is room', async () => {
  using store = new Store(join(folder, 'liker.db'));
  const spec = 'x'.repeat(100_000);
  const row = { id: 'a', name: 'n', createdAt: 1, spec, phase: '{}', facts: '{}' };
  const fill = join(folder, 'fill');
  assert.throws(() => writeFileSync(fill, Buffer.alloc(2 << 20)), { code: 'ENOSPC' });
  assert.throws(() => store.database.transaction(() => store.containers.insert(row)), { reason: 'TOO_MANY' });
  assert.deepEqual(store.containers.all(), []);
  rmSync(fill);
  store.database.transaction(() => store.containers.insert(row));
  assert.equal(store.containers.all().length, 1);
  await store.database.end();
});
