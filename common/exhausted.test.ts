import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from './errors.ts';
import { tellExhausted } from './exhausted.ts';

function told(syscall: string, errno: string): LikerError {
  const thrown = Object.assign(new Error(`${errno}: ${syscall}`), { code: errno, syscall, path: '/at' });
  const error = tellExhausted(thrown, 'exec');
  assert.ok(error instanceof LikerError);
  return error;
}

test('EAGAIN from fork means the limit of processes', () => {
  const { reason, message } = told('fork', 'EAGAIN');
  assert.equal(reason, 'TOO_MANY');
  assert.match(message, /pids\.max/);
});

// cgroup_mkdir() in kernel/cgroup/cgroup.c.
test('EAGAIN from mkdir means the limit of nested cgroups', () => {
  const { reason, message } = told('mkdir', 'EAGAIN');
  assert.equal(reason, 'TOO_MANY');
  assert.match(message, /cgroup\.max\.descendants or cgroup\.max\.depth/);
  assert.doesNotMatch(message, /pids\.max/);
});
