import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('T11: a container has its own cgroup in a hierarchy that is mounted while likerd runs', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-named-'));
  try {
    const guest = join(import.meta.dirname, 'named.guest.ts');
    // The hierarchy is mounted in a mount namespace that ends with the guest.
    const words = ['-m', '--propagation', 'private', process.execPath, guest, folder];
    const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    if (status === 77) return context.skip(`no v1 hierarchy can be mounted: ${stderr.trim()}`);
    assert.equal(status, 0, stderr);
    const { before, key, own, notify, left } = JSON.parse(stdout);
    assert.ok(!before.includes(key), before);
    assert.match(own, new RegExp(`^\\d+:${key}:/liker-test-\\d+-named/after$`, 'm'));
    assert.equal(notify, '0');
    assert.deepEqual(left, []);
  } finally {
    rmdirSync(folder);
  }
});
