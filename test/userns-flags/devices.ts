import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './case.ts';

export const devices: readonly Row[] = [
  [
    'the devices of every container',
    async (c) => {
      await using container = await c.sleeper();
      const nodes = {
        null: [1, 3],
        zero: [1, 5],
        full: [1, 7],
        random: [1, 8],
        urandom: [1, 9],
        tty: [5, 0],
      };
      for (const [name, [major = 0, minor = 0]] of Object.entries(nodes)) {
        const node = statSync(container.at(`/dev/${name}`));
        assert.deepEqual(
          [node.rdev, node.mode & 0o777, node.uid],
          [major * 256 + minor, 0o666, container.uid(0)],
          name,
        );
      }
      const use =
        'stat -c "%U:%G %a" /dev /dev/null; echo x >/dev/null; head -c 4 /dev/zero | wc -c; echo x 2>&1 >/dev/full | grep -o "No space.*"; head -c 3 /dev/urandom | wc -c';
      for (const user of ['0', '1234'])
        assert.equal(
          await container.sh(use, ['-u', user]),
          'root:root 755\nroot:root 666\n4\nNo space left on device\n3',
        );
    },
  ],
  [
    '--device',
    async (c) => {
      // As a device of a group: readable by its members only.
      const source = join(c.folder, 'node');
      execFileSync('sh', ['-c', `mknod ${source} c 1 5; chmod 0660 ${source}; chown 0:6 ${source}`]);
      await using container = await c.sleeper(['--device', `${source}:/dev/mine`]);
      assert.equal(
        await container.sh('stat -c "%t:%T %a" /dev/mine; head -c 2 /dev/mine | wc -c'),
        '1:5 660\n2',
      );
      assert.equal(await container.sh('head -c 2 /dev/mine | wc -c', ['-u', '1234:6']), '2');
      assert.match(
        await container.sh('head -c 2 /dev/mine 2>&1 || true', ['-u', '1234:7']),
        /Permission denied/,
      );
      const own = await c.sh(['--cap-add', 'MKNOD'], 'mknod /n c 1 5 2>&1 && head -c 1 /n | wc -c || true');
      assert.match(own, c.mode.userns === 'host' ? /^1$/ : /Operation not permitted/);
    },
  ],
  [
    '--device DIR',
    async (c) => {
      execFileSync('sh', [
        '-c',
        `mkdir ${c.folder}/d; mknod -m 666 ${c.folder}/d/a c 1 3; mknod -m 666 ${c.folder}/d/b c 1 5`,
      ]);
      assert.equal(
        await c.sh(['--device', `${c.folder}/d:/dev/d`], 'ls /dev/d | xargs; head -c 2 /dev/d/b | wc -c'),
        'a b\n2',
      );
    },
  ],
  [
    '--device-cgroup-rule',
    async (c) => {
      const read = 'head -c 1 /dev/zero 2>&1 | wc -c';
      assert.equal(await c.sh([], read), '1');
      assert.match(
        await c.sh(['--device-cgroup-rule', 'deny c 1:5 rwm'], 'head -c 1 /dev/zero 2>&1 || true'),
        /Operation not permitted/,
      );
    },
  ],
  [
    '-t, --tty, /dev/pts, /dev/console and the group tty',
    async (c) => {
      const ask =
        'tty; stat -c "%u:%g %a" $(tty); stat -c "%t" /dev/console; stat -c "%a %F" /dev/pts/ptmx; stty size >/dev/console; grep " /dev/pts " /proc/mounts | grep -c ptmxmode=666';
      for (const user of ['0', '1234']) {
        const { stdout } = await c.run(['-t', '-u', user], ['sh', '-c', ask]);
        const [tty, owner, console, ptmx, ...rest] = stdout.trim().split('\r\n');
        assert.deepEqual(
          [tty, owner, ptmx],
          ['/dev/pts/0', `${user}:5 620`, '666 character special file'],
          stdout,
        );
        assert.match(console ?? '', /^88$/);
        assert.equal(rest.at(-1), '1');
      }
      await using container = await c.sleeper(['-t', '-u', '1234']);
      const slave = statSync(container.at('/dev/pts/0'));
      assert.deepEqual([slave.uid, slave.gid], [container.uid(1234), container.gid(5)]);
      assert.deepEqual(readdirSync(container.at('/dev/pts')).sort(), ['0', 'ptmx']);
    },
  ],
  [
    '--shm-size, /dev/shm',
    async (c) => {
      await using container = await c.sleeper(['--shm-size', '16m']);
      const script =
        'echo a >/dev/shm/mine; stat -c "%u %a" /dev/shm /dev/shm/mine; df -k --output=size /dev/shm | tail -1 | tr -d " "';
      assert.equal(await container.sh(script, ['-u', '1234']), '0 1777\n1234 644\n16384');
      assert.equal(statSync(container.at('/dev/shm/mine')).uid, container.uid(1234));
    },
  ],
  [
    '/dev/mqueue',
    async (c) => {
      await using container = await c.sleeper();
      assert.equal(
        await container.sh(': >/dev/mqueue/q; findmnt -no FSTYPE /dev/mqueue; stat -c %u /dev/mqueue/q', [
          '-u',
          '1234',
        ]),
        'mqueue\n1234',
      );
      assert.equal(statSync(container.at('/dev/mqueue/q')).uid, container.uid(1234));
      assert.equal(await c.sh([], 'ls /dev/mqueue'), '');
    },
  ],
];
