import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasReason } from '../../../../common/errors.ts';
import { allCapabilities, capability } from '../capabilities.ts';
import { seccompAvailable, seccompFilter } from './filter.ts';
import { requireStart } from './start-calls.ts';

const usual = { noNewPrivileges: false, init: true };
const calls = {
  exec: ['execve', 'prctl', 'rt_sigprocmask', 'setsid', 'write'],
  init: ['clone', 'dup3', 'execveat', 'fcntl', 'kill', 'rt_sigtimedwait', 'wait4'],
  credentials: ['capset', 'setresgid', 'setresuid'],
};

function check(names: readonly string[], options = usual, action = 'SCMP_ACT_ALLOW'): void {
  const profile = { defaultAction: 'SCMP_ACT_KILL_PROCESS', syscalls: [{ names, action }] };
  const filter = seccompFilter(JSON.stringify(profile), 0n);
  assert.ok(filter);
  requireStart(filter.program, options);
}

function refuses(names: readonly string[], options: typeof usual, pattern: RegExp): void {
  assert.throws(
    () => check(names, options),
    (error) => hasReason(error, 'BAD_ARGUMENT') && pattern.test(error.message),
  );
}

describe('a profile that refuses what a start needs', {
  skip: !seccompAvailable() && 'this machine has no libseccomp.so.2, or a kernel without filters',
}, () => {
  test('is refused with the calls that are missing, and with what would do without them', () => {
    const all = [...calls.exec, ...calls.init, ...calls.credentials];
    check(all);
    check(all, usual, 'SCMP_ACT_LOG');
    refuses(['execve', 'write'], usual, /it refuses prctl, rt_sigprocmask, setsid, without which no program/);
    refuses(
      [...calls.exec, 'clone'],
      usual,
      /it refuses dup3, .*, wait4, which the init needs; leave it out with --init=false, or allow them/,
    );
    check([...calls.exec, ...calls.credentials], { ...usual, init: false });
    refuses(
      [...calls.exec, 'capset', 'setresuid'],
      { ...usual, init: false },
      /it refuses setresgid, which come after it; add --security-opt no-new-privileges, or allow it/,
    );
    check(calls.exec, { noNewPrivileges: true, init: false });
  });

  test('is not the built-in one, whatever capabilities it is for', () => {
    for (const set of [0n, ...allCapabilities.map((name) => capability(name))]) {
      const filter = seccompFilter('', set);
      assert.ok(filter);
      requireStart(filter.program, usual);
    }
  });
});
