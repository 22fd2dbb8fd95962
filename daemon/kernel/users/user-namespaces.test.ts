import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailedCall } from '../../native/libliker.ts';
import { IdPool } from './id-pool.ts';
import { UserNamespaces } from './user-namespaces.ts';

/** Answers of the kernel, in order; what was asked is in `asked`. */
function kernel(...answers: (FailedCall | null)[]) {
  const asked: string[] = [];
  const users = new UserNamespaces(new IdPool('a test', []), (path) => {
    asked.push(path);
    return answers.shift() ?? null;
  });
  const problem = (path: string, device: string) => users.idmapProblem(path, { device, type: () => 'ext9' });
  return { users, asked, problem };
}

test('the kernel is asked once for each file system', () => {
  const cannot = { syscall: 'mount_setattr', errno: 'EINVAL' };
  const { asked, problem } = kernel(null, cannot);
  assert.deepEqual(
    ['/a', '/a/b', '/c'].map((path) => problem(path, '8:1')),
    ['', '', ''],
  );
  for (const path of ['/proc', '/p'])
    assert.equal(problem(path, '0:5'), `the file system of '${path}' (ext9) cannot be idmapped`);
  assert.deepEqual(asked, ['/a', '/proc']);
});

test('what is about the mount, or the moment, is asked again', () => {
  const mapped = { syscall: 'mount_setattr', errno: 'EPERM' };
  const full = { syscall: 'clone', errno: 'ENOSPC' };
  const { asked, problem } = kernel(mapped, full, null);
  assert.match(problem('/a', '8:1'), /may not idmap the mount of '\/a' .*it is idmapped already/);
  assert.match(problem('/b', '8:1'), /user\.max_user_namespaces/);
  assert.equal(problem('/b', '8:1'), '');
  assert.deepEqual(asked, ['/a', '/b', '/b']);
});

test('kernels that cannot', () => {
  const { users, problem } = kernel(
    { syscall: 'mount_setattr', errno: 'ENOSYS' },
    { syscall: 'clone', errno: 'EPERM' },
  );
  assert.match(problem('/a', '8:1'), /Linux 5\.12/);
  assert.match(problem('/a', '8:1'), /may make no user namespaces \(clone: EPERM\)/);
  for (const [release, fits] of [
    ['5.18.19-cloud', false],
    ['4.19.0', false],
    ['5.19.0', true],
    ['6.1.0-18-amd64', true],
    ['10.0', true],
  ] as const)
    assert.equal(users.overlayProblem(release) === '', fits, release);
});
