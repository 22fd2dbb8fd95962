import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Effects } from './effects.ts';

export function deviceEffects(effects: Effects): void {
  const { suite: s } = effects;
  /** A misc device that is not allowed by default. */
  const path = ['/dev/fuse', '/dev/btrfs-control'].find((candidate) => existsSync(candidate)) ?? '';
  const minor = path === '' ? 0 : statSync(path).rdev & 0xff;
  // In a user namespace of its own, root makes no nodes at all.
  const mayMake = ['--userns', 'host'];
  const mine = `mknod /tmp/node c 10 ${minor} && (exec 3<>/tmp/node)`;

  describe('devices', { concurrency: 2 }, () => {
    effects.effect({
      knobs: ['devices'],
      what: 'a device that is not allowed is EPERM, and an allowed one works with the allowed access only',
      needs: () => (path === '' ? 'neither /dev/fuse nor /dev/btrfs-control' : ''),
      async prove() {
        const denied = await s.run(mayMake, ['bash', '-c', mine]);
        assert.notEqual(denied.code, 0);
        assert.match(denied.stderr, /Operation not permitted/);
        await s.sh(['--device', path], `(exec 3<>${path})`);
        await s.sh(['--device', `${path}:/dev/other/f:r`], 'test -c /dev/other/f && (exec 3</dev/other/f)');
        const readOnly = await s.run(['--device', `${path}:r`], ['bash', '-c', `(exec 3<>${path})`]);
        assert.match(readOnly.stderr, /Operation not permitted/);
        await s.sh([...mayMake, '--device-cgroup-rule', `c 10:${minor} rw`], mine);
        await s.sh([...mayMake, '--device-cgroup-rule', 'c 10:* rwm'], mine);
      },
    });

    effects.effect({
      knobs: ['devices'],
      what: 'a deny rule removes a default device',
      async prove() {
        const { code, stderr } = await s.run(
          ['--device-cgroup-rule', 'deny c 1:5 rwm'],
          ['head', '-c', '1', '/dev/zero'],
        );
        assert.notEqual(code, 0);
        assert.match(stderr, /Operation not permitted/);
      },
    });

    test('a missing device is refused before anything is created', async () => {
      const { code, stderr } = await s.run(['--device', '/dev/no-such'], ['true']);
      assert.equal(code, 125);
      assert.match(stderr, /'\/dev\/no-such': it does not exist/);
    });
  });
}
