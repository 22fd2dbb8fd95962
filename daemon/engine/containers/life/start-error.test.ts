import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { startError } from './start-error.ts';

const what = "the process in container 'box'";

test('an exec that comes as its container ends is refused for that, and not for what the kernel calls it', () => {
  const failure = {
    step: 'join',
    syscall: 'setns',
    errno: constants.errno.ESRCH,
    object: 'container',
  };
  const error = startError(what, failure);
  assert.equal(error.reason, 'WRONG_STATE');
  assert.equal(error.message, `Cannot start ${what}: the container has ended; start it first`);
  // Of a container whose namespaces are shared, the step is told.
  assert.match(startError(what, { ...failure, object: '/proc/7/ns/net' }).message, /step 'join' failed/);
});

test('what is wrong with a target is told as such, and is not a fault of the engine', () => {
  const { ELOOP, EROFS, ENOTDIR, EISDIR, EINVAL } = constants.errno;
  const cases = [
    ['file', 'openat', ELOOP, /leads back to itself/],
    ['attach', 'mkdirat', EROFS, /make it first/],
    ['bind', 'move_mount', ENOTDIR, /the source is a folder, and the target a file/],
    ['bind', 'move_mount', EISDIR, /the source is a file, and the target a folder/],
    ['mount', 'fsconfig', EINVAL, /does not know that option/],
  ] as const;
  for (const [step, syscall, errno, why] of cases) {
    const error = startError(what, { step, syscall, errno, object: '/x' });
    assert.equal(error.reason, 'BAD_ARGUMENT', step);
    assert.match(error.message, why);
  }
});

test('a limit of files that leaves none for the start is not taken for a want of likerd', () => {
  const failure = {
    step: 'cwd',
    syscall: 'openat2',
    errno: constants.errno.EMFILE,
    object: '/',
  };
  assert.match(startError(`container 'web'`, failure).message, /EMFILE \(its own limit of open files/);
});
