import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './report.ts';

test('a file that nobody can read or write so is the fault of the request, not of likerd', () => {
  for (const [error, reason] of [
    ['EACCES', 'NOT_PERMITTED'],
    ['EPERM', 'NOT_PERMITTED'],
    ['EIO', 'BAD_PATH'],
    ['EINVAL', 'BAD_PATH'],
    ['ENXIO', 'BAD_PATH'],
    ['EMFILE', 'TOO_MANY'],
    ['EBADF', 'SYSCALL'],
  ] as const) {
    const failure = failureOf(
      JSON.stringify({ error, path: 'proc/1/auxv', message: "Cannot read 'proc/1/auxv'" }),
    );
    assert.equal(failure?.reason, reason, error);
    assert.deepEqual(failure.metadata, { path: 'proc/1/auxv', errno: error });
  }
});
