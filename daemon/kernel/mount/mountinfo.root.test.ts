import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOf, parseMounts, visibleBelow } from './mountinfo.ts';

test('a line gives the file system, the mount point, the peer group and the master', () => {
  const lines = [
    '22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw',
    '31 27 0:29 /a /with\\040blank rw,relatime shared:6 master:2 - tmpfs - rw,mode=755',
    '32 27 0:30 / /s rw master:7 propagate_from:3 - tmpfs - rw',
    '33 27 0:31 / /shared:/x rw - tmpfs shared:9 rw',
  ];
  assert.deepEqual(
    parseMounts(`${lines.join('\n')}\n`).map(({ id, device, type, mountPoint, isShared, isSlave }) => [
      id,
      device,
      type,
      mountPoint,
      isShared,
      isSlave,
    ]),
    [
      [22, '0:21', 'proc', '/proc', true, false],
      [31, '0:29', 'tmpfs', '/with blank', true, true],
      [32, '0:30', 'tmpfs', '/s', false, true],
      [33, '0:31', 'tmpfs', '/shared:/x', false, false],
    ],
  );
});

test('the mount of a path and the mounts below a folder are found', () => {
  assert.equal(mountOf('/proc/self/status').mountPoint, '/proc');
  assert.equal(mountOf('/proc').mountPoint, '/proc');
  assert.throws(() => mountOf('/does/not/exist'), { code: 'ENOENT' });
  assert.equal(visibleBelow('/').get('/proc')?.type, 'proc');
  assert.equal(visibleBelow('/dev').get('/pts')?.type, 'devpts');
  assert.ok(!visibleBelow('/proc').has('/'));
});
