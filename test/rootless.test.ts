import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from './harness/daemon.ts';
import { requiresProgram } from './harness/requires.ts';
import { User } from './harness/user.ts';

const needs = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');

describe('likerd of an ordinary user', needs, () => {
  let user: User;
  let daemon: Daemon;
  let rootfs = '';

  before(async () => {
    user = await User.add();
    daemon = await user.startDaemon();
    rootfs = join(user.home, 'rootfs');
    const { code, stderr } = await user.likerctl(daemon, ['rootfs', 'build', rootfs]);
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await daemon?.destroy();
    await user?.remove();
  });

  const run = (flags: readonly string[], command: readonly string[]) =>
    user.likerctl(daemon, ['run', '--rm', ...flags, rootfs, ...command]);

  test('runs a container, in which root is the user himself', async () => {
    const { code, stdout, stderr } = await run([], ['bash', '-c', 'id -u; cat /proc/self/uid_map']);
    assert.equal(code, 0, stderr);
    const [uid, root, others] = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    assert.deepEqual(uid, ['0']);
    assert.deepEqual(root, ['0', String(user.uid), '1']);
    assert.deepEqual(others, ['1', String(user.subuids.start), String(user.subuids.count)]);
  });

  test('files that root inside makes in a volume belong to the user, and others to his subordinate ids', async () => {
    const volume = join(user.home, 'volume');
    user.run('mkdir', [volume]);
    const script = 'touch /v/root && touch /v/other && chown 33:44 /v/other';
    const { code, stderr } = await run(['-v', `${volume}:/v`], ['bash', '-c', script]);
    assert.equal(code, 0, stderr);
    const { uid, gid } = statSync(join(volume, 'root'));
    assert.deepEqual([uid, gid], [user.uid, user.gid]);
    const other = statSync(join(volume, 'other'));
    assert.deepEqual([other.uid, other.gid], [user.subuids.start + 32, user.subgids.start + 43]);
  });

  test('namespaces of the host: what shows them is bound, since only root may mount it', async () => {
    const script = 'cat /proc/1/comm; ls /sys/class/net; ls /sys/fs/cgroup; touch /sys/x';
    const host = await run(['--pid', 'host', '--network', 'host', '--ipc', 'host'], ['sh', '-c', script]);
    const [first, ...interfaces] = host.stdout.trim().split('\n');
    assert.equal(first, readFileSync('/proc/1/comm', 'utf8').trim());
    // And no control group of the host.
    assert.deepEqual(interfaces.sort(), readdirSync('/sys/class/net').sort());
    assert.match(host.stderr, /touch: cannot touch '\/sys\/x': (Read-only file system|Permission denied)/);
    const own = await run(['--sysctl', 'net.core.somaxconn=99'], ['cat', '/proc/sys/net/core/somaxconn']);
    assert.equal(own.stdout, '99\n', own.stderr);
    const ofHost = await run(
      ['--pid', 'host', '--sysctl', 'net.core.somaxconn=99'],
      ['cat', '/proc/sys/net/core/somaxconn'],
    );
    assert.equal(ofHost.stdout, '99\n', ofHost.stderr);
  });

  test('a file that was removed from the root is removed, and a folder that was replaced is empty', async () => {
    const script =
      'rm /etc/passwd; rm -r /var; mkdir /var; ls /var | wc -l; test -e /etc/passwd || echo gone';
    const { code, stdout, stderr } = await run([], ['bash', '-c', script]);
    assert.deepEqual([code, stdout, stderr], [0, '0\ngone\n', '']);
  });
});
