import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Mounted for the guest alone, in a mount namespace that ends with it. */
const script = 'mount -t cgroup -o net_cls,net_prio none "$1" || exit 77; exec "$2" "$3"';

test('net_cls and net_prio set the class and priority of packets, if the kernel has them', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-net-'));
  try {
    const guest = join(import.meta.dirname, 'network.guest.ts');
    const words = [
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
      'sh',
      folder,
      process.execPath,
      guest,
    ];
    const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    if (status === 77) return context.skip(`no net_cls and net_prio to mount: ${stderr.trim()}`);
    assert.equal(status, 0, stderr);
    const { applied, refusal, after } = JSON.parse(stdout);
    assert.deepEqual(applied, [
      ['network.class_id', String(0x100001)],
      ['network.priorities.lo', 'lo 5'],
    ]);
    assert.match(refusal, /Cannot set network\.priorities\.no-such to 1: the kernel refused .*ENODEV/);
    assert.equal(after[0], String(0x100001), 'an update that fails is undone');
    assert.match(after[1], /^lo 5$/m);
  } finally {
    rmdirSync(folder);
  }
});
