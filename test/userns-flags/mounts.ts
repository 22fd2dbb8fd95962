import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './case.ts';

const owner = (path: string): string => `${statSync(path).uid}:${statSync(path).gid}`;

export const mounts: readonly Row[] = [
  [
    '--volumes-from',
    async (c) => {
      const name = `from-${c.mode.userns}`;
      await using other = await c.sleeper(['-v', `${name}:/v`]);
      await c.sh(['--volumes-from', other.id], 'echo text >/v/file; chown 33:44 /v/file');
      const out = await c.sh(
        ['--volumes-from', `${other.id}:ro`],
        'cat /v/file; stat -c %u:%g /v/file; touch /v/x 2>&1 || true',
      );
      assert.match(out, /^text\n33:44\n.*Read-only file system$/);
    },
  ],
  [
    '--secret',
    async (c) => {
      const name = `secret-${c.mode.userns}`;
      await c.s.ok(['secret', 'create', name, '-'], { stdin: 'hidden' });
      try {
        const flags = ['--secret', `${name},target=/key,mode=0400,uid=33,gid=44`];
        assert.equal(await c.sh(flags, 'cat /key; stat -c " %a %u:%g" /key'), 'hidden 400 33:44');
        assert.match((await c.run([...flags, '-u', '7'], ['cat', '/key'])).stderr, /Permission denied/);
      } finally {
        await c.s.ok(['secret', 'rm', name]);
      }
    },
  ],
  [
    '-v, --volume',
    async (c) => {
      mkdirSync(join(c.folder, 'v'));
      writeFileSync(join(c.folder, 'v/of-1000'), 'text', { mode: 0o600 });
      chownSync(join(c.folder, 'v/of-1000'), 1000, 1000);
      chownSync(join(c.folder, 'v'), 1000, 1000);
      const flags = ['-v', `${c.folder}/v:/v`];
      assert.equal(
        await c.sh(
          [...flags, '-u', '1000:1000'],
          'stat -c %u:%g /v /v/of-1000; cat /v/of-1000; touch /v/new',
        ),
        '1000:1000\n1000:1000\ntext',
      );
      assert.equal(owner(join(c.folder, 'v/new')), '1000:1000');
      await c.sh(flags, 'touch /v/of-root; chown 7:8 /v/new');
      assert.deepEqual([owner(join(c.folder, 'v/of-root')), owner(join(c.folder, 'v/new'))], ['0:0', '7:8']);
      assert.match(
        await c.sh(['-v', `${c.folder}/v:/v:ro`], 'touch /v/x 2>&1 || true'),
        /Read-only file system/,
      );
      assert.match(
        (await c.run([...flags, '-u', '1001'], ['cat', '/v/of-1000'])).stderr,
        /Permission denied/,
      );
    },
  ],
  [
    '-v :noidmap',
    async (c) => {
      mkdirSync(join(c.folder, 'n'));
      writeFileSync(join(c.folder, 'n/f'), 'text');
      await using container = await c.sleeper(['-v', `${c.folder}/n:/n:noidmap`]);
      if (c.mode.userns === 'host') {
        assert.equal(await container.sh('stat -c %u /n/f; echo more >>/n/f'), '0');
        return;
      }
      // A file of an id that is not in the container: the kernel shows nobody's, and lets nobody change it.
      assert.equal(await container.sh('stat -c %u:%g /n/f; cat /n/f'), '65534:65534\ntext');
      for (const [change, error] of [
        ['echo x >>/n/f', /Permission denied/],
        ['chmod 666 /n/f', /Operation not permitted|too large/],
        ['chown 1 /n/f', /Operation not permitted|too large/],
        ['rm -f /n/f', /Permission denied|too large/],
      ] as const)
        assert.match(await container.sh(`(${change}) 2>&1 || true`), error, change);
      assert.equal(readFileSync(join(c.folder, 'n/f'), 'utf8'), 'text');
      chownSync(join(c.folder, 'n/f'), container.uid(5), container.gid(6));
      assert.equal(await container.sh('stat -c %u:%g /n/f'), '5:6');
    },
  ],
  [
    '-v :idmap=MAP',
    async (c) => {
      mkdirSync(join(c.folder, 'm'));
      chownSync(join(c.folder, 'm'), 1000, 1000);
      writeFileSync(join(c.folder, 'm/f'), 'text');
      chownSync(join(c.folder, 'm/f'), 1000, 1000);
      await c.sh(
        ['-v', `${c.folder}/m:/m:idmap=@uids=1000-0-1;gids=1000-0-1`],
        'test $(stat -c %u:%g /m/f) = 0:0; echo x >/m/new',
      );
      assert.equal(owner(join(c.folder, 'm/new')), '1000:1000');
    },
  ],
  [
    '--mount',
    async (c) => {
      mkdirSync(join(c.folder, 'b'));
      const flags = [
        '--mount',
        `type=bind,source=${c.folder}/b,target=/b`,
        '--mount',
        'type=tmpfs,target=/t',
      ];
      assert.equal(
        await c.sh(flags, 'touch /b/x /t/x; stat -c %u /b/x /t/x; findmnt -no FSTYPE /t'),
        '0\n0\ntmpfs',
      );
      assert.equal(owner(join(c.folder, 'b/x')), '0:0');
    },
  ],
  [
    '--read-only',
    async (c) => {
      await using container = await c.sleeper(['--read-only', '--tmpfs', '/t']);
      assert.match(await container.sh('touch /x 2>&1 || true'), /Read-only file system/);
      await container.sh('touch /t/x /dev/shm/x');
    },
  ],
  [
    '--tmpfs',
    async (c) => {
      await using container = await c.sleeper(['--tmpfs', '/t:size=1m,mode=1770,uid=1234,gid=2345']);
      assert.equal(
        await container.sh('stat -c "%u:%g %a" /t; df -k --output=size /t | tail -1 | tr -d " "'),
        '1234:2345 1770\n1024',
      );
      assert.equal(statSync(container.at('/t')).uid, container.uid(1234));
      await container.sh('touch /t/x', ['-u', '1234']);
    },
  ],
  [
    'DIR:rw and DIR:ro',
    async (c) => {
      const root = join(c.folder, 'root');
      await c.s.ok(['rootfs', 'build', root]);
      await c.s.ok(['run', '--rm', ...c.mode.flags, `${root}:rw`, 'sh', '-c', 'touch /f; chown 12:34 /f']);
      assert.equal(owner(join(root, 'f')), '12:34');
      const { stderr } = await c.s.likerctl(['run', '--rm', ...c.mode.flags, `${root}:ro`, 'touch', '/x']);
      assert.match(stderr, /Read-only file system/);
    },
  ],
  [
    'a mount of the host after the start, -v :rslave',
    async (c) => {
      const shared = join(c.folder, 's');
      mkdirSync(shared);
      const mount = (...args: string[]) => execFileSync('mount', args);
      mount('-t', 'tmpfs', 'none', shared);
      try {
        mount('--make-shared', shared);
        mkdirSync(join(shared, 'inner'));
        await using container = await c.sleeper(['-v', `${shared}:/s:rslave`, '-v', `${shared}:/p`]);
        mount('-t', 'tmpfs', 'none', join(shared, 'inner'));
        writeFileSync(join(shared, 'inner/later'), '');
        assert.equal(await container.sh('ls /s/inner; ls /p/inner'), 'later');
      } finally {
        execFileSync('umount', ['-R', shared]);
      }
    },
  ],
];
