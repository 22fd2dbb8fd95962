import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { compare } from '../../../native/libseccomp.ts';
import { parseProfile } from './profile.ts';

const allow = 0x7fff0000;

function refuses(profile: unknown, message: string): void {
  const text = typeof profile === 'string' ? profile : JSON.stringify(profile);
  assert.throws(
    () => parseProfile(text),
    (error) => {
      assert.ok(error instanceof LikerError);
      assert.equal(error.reason, 'BAD_ARGUMENT');
      assert.equal(error.field, 'spec.seccomp_profile');
      assert.ok(error.message.includes(message), error.message);
      return true;
    },
  );
}

/** A profile with one rule. */
const withRule = (rule: object) => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule] });

describe('a seccomp profile', () => {
  test('every field of it is read', () => {
    const profile = parseProfile(
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 38,
        archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }],
        flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_TSYNC'],
        listenerPath: '',
        syscalls: [
          {
            names: ['personality', 'clone'],
            action: 'SCMP_ACT_ALLOW',
            args: [
              { index: 0, value: 2114060288, valueTwo: 7, op: 'SCMP_CMP_MASKED_EQ' },
              { index: 5, value: 1, op: 'SCMP_CMP_GE' },
            ],
            comment: 'why',
            includes: { caps: ['CAP_SYS_ADMIN'], arches: ['amd64'], minKernel: '4.8' },
            excludes: { caps: [] },
          },
          { name: 'ptrace', action: 'SCMP_ACT_ERRNO', errnoRet: 3, args: null, includes: null, excludes: {} },
        ],
      }),
    );
    assert.equal(profile.defaultAction, 0x00050026);
    assert.equal(profile.flags, 6);
    assert.deepEqual(profile.archMap, [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    ]);
    const none = { caps: [], arches: [], minKernel: null };
    assert.deepEqual(profile.rules, [
      {
        at: 'syscalls[0]',
        names: ['personality', 'clone'],
        action: allow,
        conditions: [
          { argument: 0, compare: compare.maskedEqual, a: 2114060288n, b: 7n },
          { argument: 5, compare: compare.greaterOrEqual, a: 1n, b: 0n },
        ],
        includes: { caps: ['CAP_SYS_ADMIN'], arches: ['amd64'], minKernel: [4, 8] },
        excludes: none,
      },
      {
        at: 'syscalls[1]',
        names: ['ptrace'],
        action: 0x00050003,
        conditions: [],
        includes: none,
        excludes: none,
      },
    ]);
  });

  test('every action becomes its value', () => {
    const values: Record<string, number> = {
      SCMP_ACT_ALLOW: allow,
      SCMP_ACT_ERRNO: 0x00050001,
      SCMP_ACT_KILL: 0,
      SCMP_ACT_KILL_THREAD: 0,
      SCMP_ACT_KILL_PROCESS: 0x80000000,
      SCMP_ACT_LOG: 0x7ffc0000,
      SCMP_ACT_TRACE: 0x7ff00001,
      SCMP_ACT_TRAP: 0x00030000,
    };
    for (const [name, value] of Object.entries(values))
      assert.equal(parseProfile(JSON.stringify({ defaultAction: name })).defaultAction, value, name);
  });

  test('every comparison, and values of 64 bits to their last digit', () => {
    const ops = { NE: 1, LT: 2, LE: 3, EQ: 4, GE: 5, GT: 6, MASKED_EQ: 7 };
    for (const [name, number] of Object.entries(ops)) {
      const text = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 2, "value": 18446744073709551615, "valueTwo": 9007199254740993, "op": "SCMP_CMP_${name}"}]}]}`;
      assert.deepEqual(parseProfile(text).rules[0]?.conditions, [
        { argument: 2, compare: number, a: 2n ** 64n - 1n, b: 9007199254740993n },
      ]);
    }
  });

  test("Podman's names of errors are read, and must agree with the numbers", () => {
    const profile = parseProfile(
      JSON.stringify({
        ...withRule({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errno: 'EACCES' }),
        defaultErrno: 'ENOSYS',
        defaultErrnoRet: 38,
      }),
    );
    assert.equal(profile.defaultAction, 0x00050026);
    assert.equal(profile.rules[0]?.action, 0x0005000d);
    refuses(
      { defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 'ENOSYS', defaultErrnoRet: 1 },
      'defaultErrno: ENOSYS is 38, but defaultErrnoRet is 1',
    );
    refuses(
      withRule({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errno: 'ENOPE' }),
      'syscalls[0].errno: "ENOPE" is not the name of an error',
    );
  });

  test('the error of a refused call must be one: 0 would be a success, and the kernel cuts what is above 4095', () => {
    refuses(
      { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 0 },
      'defaultErrnoRet: with 0 a call would do nothing and report success',
    );
    refuses(
      withRule({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 }),
      'syscalls[0].errnoRet: with 0',
    );
    refuses(
      withRule({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errnoRet: 4096 }),
      'syscalls[0].errnoRet: the kernel would make 4095 of 4096',
    );
    refuses(
      withRule({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errnoRet: 65536 }),
      'syscalls[0].errnoRet: 65536 is not a number from 0 to 65535',
    );
    assert.equal(
      parseProfile(JSON.stringify(withRule({ names: ['bpf'], action: 'SCMP_ACT_TRACE', errnoRet: 0 })))
        .rules[0]?.action,
      0x7ff00000,
    );
    // Where it means nothing, it is not looked at.
    assert.equal(
      parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 0 })).defaultAction,
      allow,
    );
  });

  test('what is wrong is named by its place', () => {
    refuses('', 'it is not JSON');
    refuses('{"defaultAction": "SCMP_ACT_ALLOW",}', 'it is not JSON');
    refuses('7', 'Invalid seccomp profile: 7 is not an object');
    refuses(
      '{"defaultAction": [18446744073709551615]}',
      'defaultAction: ["18446744073709551615"] is not known',
    );
    refuses({}, 'defaultAction: it is missing');
    refuses({ defaultAction: 'ALLOW' }, 'defaultAction: "ALLOW" is not known; use SCMP_ACT_ALLOW');
    refuses({ defaultAction: 'SCMP_ACT_ALLOW', syscals: [] }, 'syscals: there is no such field in a profile');
    refuses({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: {} }, 'syscalls: {} is not a list');
    refuses(
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['X86'] },
      'architectures[0]: "X86" is not known',
    );
    refuses(
      withRule({ names: ['read', 7], action: 'SCMP_ACT_ALLOW' }),
      'syscalls[0].names[1]: 7 is not a text',
    );
    refuses(withRule({ names: [], action: 'SCMP_ACT_ALLOW' }), 'syscalls[0].names: it is missing');
    refuses(
      withRule({ name: 'read', names: ['write'], action: 'SCMP_ACT_ALLOW' }),
      'syscalls[0].name: names is there as well',
    );
    refuses(withRule({ names: ['read'] }), 'syscalls[0].action: it is missing');
    const args = (arg: object) => withRule({ names: ['read'], action: 'SCMP_ACT_ALLOW', args: [arg] });
    refuses(
      args({ index: 6, value: 0, op: 'SCMP_CMP_EQ' }),
      'syscalls[0].args[0].index: 6 is not a number from 0 to 5',
    );
    refuses(
      args({ index: 0, value: -1, op: 'SCMP_CMP_EQ' }),
      'syscalls[0].args[0].value: -1 does not fit into 64 bits',
    );
    refuses(
      args({ index: 0, value: 0.5, op: 'SCMP_CMP_EQ' }),
      'syscalls[0].args[0].value: 0.5 is not a whole number',
    );
    refuses(
      args({ index: 0, value: 0, op: '==' }),
      'syscalls[0].args[0].op: "==" is not known; use SCMP_CMP_NE',
    );
    refuses(args({ index: 0, op: 'SCMP_CMP_EQ' }), 'syscalls[0].args[0].value: it is missing');
    const includes = (filter: object) =>
      withRule({ names: ['read'], action: 'SCMP_ACT_ALLOW', includes: filter });
    refuses(
      includes({ caps: ['SYS_ADMIN'] }),
      'syscalls[0].includes.caps[0]: "SYS_ADMIN" is not a capability, such as CAP_SYS_ADMIN',
    );
    refuses(includes({ arches: ['x86_64'] }), 'syscalls[0].includes.arches[0]: "x86_64" is not known');
    refuses(includes({ minKernel: '4' }), 'syscalls[0].includes.minKernel: "4" is not a version');
    refuses(
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86'],
        archMap: [{ architecture: 'SCMP_ARCH_X86_64' }],
      },
      'archMap: architectures is there as well',
    );
  });

  test('notifications are refused, since nobody would get them', () => {
    refuses({ defaultAction: 'SCMP_ACT_NOTIFY' }, 'defaultAction: SCMP_ACT_NOTIFY is not supported');
    refuses(
      withRule({ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }),
      'syscalls[0].action: SCMP_ACT_NOTIFY is not supported',
    );
    refuses(
      { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/run/agent.sock' },
      'listenerPath: it is not supported',
    );
    refuses(
      { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_NEW_LISTENER'] },
      'flags[0]: SECCOMP_FILTER_FLAG_NEW_LISTENER is not supported',
    );
    refuses(
      { defaultAction: 'SCMP_ACT_ALLOW', flags: ['LOG'] },
      "flags[0]: 'LOG' is not known; use SECCOMP_FILTER_FLAG_TSYNC",
    );
  });
});
