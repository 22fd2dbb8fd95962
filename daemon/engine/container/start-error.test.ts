import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { startError } from './start-error.ts';

const what = "the process in container 'box'";

test('an exec that comes as its container ends is refused for that, and not for what the kernel calls it', () => {
  const failure = {
    step: 'join',
    stepIndex: 0,
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

test('a limit of files that leaves none for the start is not taken for a want of likerd', () => {
  const failure = {
    step: 'cwd',
    stepIndex: 0,
    syscall: 'openat2',
    errno: constants.errno.EMFILE,
    object: '/',
  };
  assert.match(startError(`container 'web'`, failure).message, /EMFILE \(its own limit of open files/);
});
