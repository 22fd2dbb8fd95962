import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { startError } from './start-error.ts';

const what = "the process in container 'box'";

test("an exec during the exit of its container is refused for that reason, not with the kernel's error", () => {
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

test('a fault in the target of a mount is explained, and is not an internal error', () => {
  const { ELOOP, EROFS, ENOTDIR, EISDIR, EINVAL } = constants.errno;
  const cases = [
    ['file', 'openat', ELOOP, /leads back to itself/],
    ['attach', 'mkdirat', EROFS, /create it first/],
    ['bind', 'move_mount', ENOTDIR, /the source is a folder, and the target a file/],
    ['bind', 'move_mount', EISDIR, /the source is a file, and the target a folder/],
    ['mount', 'fsconfig', EINVAL, /does not support that option/],
    ['place', 'move_mount', ENOTDIR, /the source is a folder, and the target a file/],
    ['place-device', 'mkdirat', ELOOP, /leads back to itself/],
    ['mask', 'openat2', ELOOP, /leads back to itself/],
    ['read-only', 'openat2', ELOOP, /leads back to itself/],
    ['take-mount', 'fsconfig', EINVAL, /does not support that option/],
  ] as const;
  for (const [step, syscall, errno, why] of cases) {
    const error = startError(what, { step, syscall, errno, object: '/x' });
    assert.equal(error.reason, 'BAD_ARGUMENT', step);
    assert.match(error.message, why);
  }
});

test('what fails in a user namespace is explained like the same without one, or by what it lacks', () => {
  const { EINVAL, ELOOP, ENOENT, ENOSPC } = constants.errno;
  for (const [step, syscall, errno, why] of [
    ['take-overlay', 'fsconfig', ELOOP, /too many overlays are stacked/],
    ['take', 'open_tree', ENOENT, /the source does not exist/],
    ['id-map', 'clone', ENOSPC, /the limit of user namespaces is reached; .*--userns host/],
    ['look-up-user', 'setgroups', EINVAL, /not in the container's user namespace; .*USER:GROUP/],
  ] as const)
    assert.match(startError(what, { step, syscall, errno, object: '/x' }).message, why);
});

test('a limit of open files that is too low for the start is not taken for exhaustion of likerd', () => {
  const failure = {
    step: 'cwd',
    syscall: 'openat2',
    errno: constants.errno.EMFILE,
    object: '/',
  };
  assert.match(startError(`container 'web'`, failure).message, /EMFILE \(its own limit of open files/);
});

test('a filter that refuses what the init needs is named, with the way out', () => {
  const failure = { step: 'init', syscall: 'kill', errno: constants.errno.EPERM, object: 'init' };
  assert.match(
    startError(`container 'web'`, failure).message,
    /kill: EPERM \(the seccomp filter.*--init=false/,
  );
});

test('a process that is killed before its program runs is no fault of Liker', () => {
  const failure = (object: string) => ({
    step: 'start',
    syscall: 'waitid',
    errno: constants.errno.ECHILD,
    object,
  });
  for (const object of ['child ended before exec', 'child ended before exec by signal 9']) {
    const error = startError(what, failure(object));
    assert.equal(error.reason, 'WRONG_STATE');
    assert.match(
      error.message,
      /it was killed before its program ran, with its container or for lack of memory/,
    );
  }
  assert.equal(startError(what, failure('child ended before exec by signal 11')).reason, 'SYSCALL');
});
