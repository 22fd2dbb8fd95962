// What programs of a whole Debian do with ids: in each user-namespace mode as on a machine of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { suite } from './harness/suite.ts';
import { modes } from './hostile/modes.ts';
import { unpack } from './package/bare-root.ts';
import { idsRoot } from './package/ids-root.ts';

const tar = await idsRoot();
const s = suite();

describe('Debian', { skip: tar.skip }, () => {
  const root = tar.skip === false ? unpack(tar) : '';
  const work = mkdtempSync(join(tmpdir(), 'lk-work-'));
  after(() => {
    for (const folder of [root, work]) rmSync(folder, { recursive: true, force: true });
  });

  for (const { userns, flags } of modes)
    describe(`--userns ${userns}`, { concurrency: 2 }, () => {
      const sh = (more: readonly string[], script: string): Promise<string> =>
        s.ok(['run', '--rm', ...flags, ...more, root, 'sh', '-ec', script]);
      const refused = async (more: readonly string[], script: string): Promise<string> => {
        const { code, stderr } = await s.likerctl([
          'run',
          '--rm',
          ...flags,
          ...more,
          root,
          'sh',
          '-c',
          script,
        ]);
        assert.notEqual(code, 0, script);
        return stderr;
      };

      test('su and sudo change the user; sudo asks who may not', async () => {
        assert.equal(await sh([], 'su -s /bin/sh games -c "id -u; id -g"'), '5\n60');
        assert.equal(await sh([], 'sudo -u games id -u'), '5');
        const rule = 'echo "games ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/games';
        assert.equal(
          await sh([], `${rule}; exec su -s /bin/sh games -c "sudo id -u; sudo -u man id -u"`),
          '0\n6',
        );
        assert.match(await refused(['-u', 'games'], 'sudo -n id'), /password is required/);
        assert.match(
          await refused(['-u', 'games', '--security-opt', 'no-new-privileges'], 'sudo -n id'),
          /no new privileges/,
        );
      });

      test('a new user has a home and a password', async () => {
        const script =
          'useradd -m bob; echo bob:secret | chpasswd; su bob -c "id -un; touch ~/f; stat -c %U:%G ~/f"; stat -c %U:%G /etc/shadow';
        assert.equal(await sh([], script), 'bob\nbob:bob\nroot:shadow');
      });

      test('ping, by anybody', async () => {
        for (const user of ['root', 'games'])
          assert.match(await sh(['-u', user], 'ping -c1 127.0.0.1'), / 0% packet loss/);
      });

      test('capabilities of files are set and given', async () => {
        const script =
          'cp /bin/grep /g; setcap cap_chown,cap_kill+ep /g; getcap /g; exec su -s /bin/sh games -c "/g CapEff /proc/self/status"';
        assert.equal(await sh([], script), '/g cap_chown,cap_kill=ep\nCapEff:\t0000000000000021');
      });

      test('apt installs a package that gives its files to other ids', async () => {
        const folder = join(work, `package-${userns}`);
        mkdirSync(join(folder, 'DEBIAN'), { recursive: true });
        mkdirSync(join(folder, 'var/lib/own'), { recursive: true });
        const control =
          'Package: own-ids\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n';
        writeFileSync(join(folder, 'DEBIAN/control'), control);
        const postinst =
          '#!/bin/sh -e\nuseradd -r -u 65533 last\ninstall -d -m 2775 -o last -g games /var/lib/own/d\nchown man:mail /var/lib/own/f\nchmod 6755 /var/lib/own/f\n';
        writeFileSync(join(folder, 'DEBIAN/postinst'), postinst, { mode: 0o755 });
        writeFileSync(join(folder, 'var/lib/own/f'), '');
        const file = join(work, `${userns}.deb`);
        execFileSync('dpkg-deb', ['--root-owner-group', '-b', folder, file], { stdio: 'ignore' });
        const id = await s.ok(['run', '-d', ...flags, '-v', `${file}:/own.deb:ro`, root, 'sleep', '100000']);
        await s.ok(['exec', id, 'apt-get', 'install', '-y', '/own.deb']);
        const owners = await s.ok(['exec', id, 'stat', '-c', '%u:%g %a', '/var/lib/own/d', '/var/lib/own/f']);
        assert.equal(owners, '65533:60 2775\n6:8 6755');
        const upper = join(s.daemon.root, 'containers', id, 'upper/var/lib/own');
        const onDisk = ['d', 'f'].map((name) => statSync(join(upper, name)));
        assert.deepEqual(
          onDisk.map(({ uid, gid, mode }) => [uid, gid, mode & 0o7777]),
          [
            [65_533, 60, 0o2775],
            [6, 8, 0o6755],
          ],
        );
        await s.ok(['rm', '-f', id]);
      });

      test('bwrap makes user namespaces inside, where the filter lets it; with /proc where that is not masked', async () => {
        const bwrap = (...more: string[]) =>
          ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', ...more, '--unshare-all', 'id', '-u'].join(' ');
        const open = ['--security-opt', 'seccomp=unconfined'];
        for (const [user, uid] of [
          ['root', '0'],
          ['games', '5'],
        ] as const) {
          assert.equal(await sh(['-u', user, ...open], bwrap()), uid);
          assert.match(await refused(['-u', user], bwrap()), /not permitted|No permissions/);
          assert.match(
            await refused(['-u', user, ...open], bwrap('--proc', '/proc')),
            /proc on \/newroot\/proc/,
          );
          const bare = [...open, '--security-opt', 'systempaths=unconfined'];
          assert.equal(await sh(['-u', user, ...bare], bwrap('--proc', '/proc')), uid);
        }
      });

      test('unshare makes a namespace in which root has the id of its maker', async () => {
        const open = ['--security-opt', 'seccomp=unconfined'];
        assert.equal(
          await sh([...open, '-u', 'games'], 'unshare -Ur sh -c "id -u; touch /tmp/f"; stat -c %U /tmp/f'),
          '0\ngames',
        );
      });
    });
});
