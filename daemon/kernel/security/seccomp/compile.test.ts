import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasReason } from '../../../../common/errors.ts';
import { architecture, libseccomp } from '../../../native/libseccomp.ts';
import { capability } from '../capabilities.ts';
import { build, seccompAvailable } from './filter.ts';
import { parseProfile } from './profile.ts';
import { rulesFor } from './rules.ts';
import { runFilter } from './run-filter.ts';

const allow = 0x7fff0000;
const errno = (number: number): number => 0x00050000 | number;
const eperm = errno(1);
const enosys = errno(38);

const library = libseccomp();
const { x86_64, x86, aarch64, arm } = architecture;

/** What a profile makes of a call. */
function verdictOf(
  profile: object,
  options: { readonly capabilities?: bigint; readonly native?: number } = {},
) {
  assert.ok(library);
  const native = options.native ?? x86_64;
  const filter = build(library, parseProfile(JSON.stringify(profile)), options.capabilities ?? 0n, native);
  return (number: number, args: readonly bigint[] = [], token: number = native) =>
    runFilter(filter, { number, architecture: token, args });
}

function refuses(profile: object, pattern: RegExp): void {
  assert.throws(
    () => verdictOf(profile),
    (error) => hasReason(error, 'BAD_ARGUMENT') && pattern.test(error.message),
  );
}

/** Numbers of x86_64. */
const read = 0;
const write = 1;
const getpid = 39;
const personality = 135;
const fchmodat2 = 452;

const only = (...syscalls: object[]) => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls });
const allowing = (...syscalls: object[]) => ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });

describe('a compiled profile', {
  skip: !seccompAvailable() && 'this machine has no libseccomp.so.2, or a kernel without filters',
}, () => {
  test('every comparison, with all 64 bits', () => {
    const table: [op: string, value: number, second: number, yes: bigint[], no: bigint[]][] = [
      ['SCMP_CMP_NE', 5, 0, [4n, 6n, 5n | (1n << 40n)], [5n]],
      ['SCMP_CMP_LT', 5, 0, [0n, 4n], [5n, 6n, 1n << 40n]],
      ['SCMP_CMP_LE', 5, 0, [0n, 5n], [6n, 1n << 40n]],
      ['SCMP_CMP_EQ', 5, 0, [5n], [4n, 6n, 5n | (1n << 40n)]],
      ['SCMP_CMP_GE', 5, 0, [5n, 6n, 1n << 40n], [0n, 4n]],
      ['SCMP_CMP_GT', 5, 0, [6n, 1n << 40n], [0n, 5n]],
      ['SCMP_CMP_MASKED_EQ', 6, 4, [4n, 5n, 12n, 4n | (1n << 40n)], [0n, 2n, 6n]],
    ];
    for (const [op, value, valueTwo, yes, no] of table)
      for (const index of [0, 3]) {
        const verdict = verdictOf(
          only({ names: ['write'], action: 'SCMP_ACT_ALLOW', args: [{ index, value, valueTwo, op }] }),
        );
        const call = (argument: bigint) => verdict(write, [...Array<bigint>(index).fill(99n), argument]);
        for (const argument of yes) assert.equal(call(argument), allow, `${op} ${argument}`);
        for (const argument of no) assert.equal(call(argument), eperm, `${op} ${argument}`);
      }
  });

  test('conditions on several arguments hold together; those on one argument are alternatives, as in runc', () => {
    const arg = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' });
    const both = verdictOf(
      only({ names: ['write'], action: 'SCMP_ACT_ALLOW', args: [arg(0, 1), arg(1, 2)] }),
    );
    assert.deepEqual(
      [both(write, [1n, 2n]), both(write, [1n, 3n]), both(write, [0n, 2n])],
      [allow, eperm, eperm],
    );
    const either = verdictOf(
      only({ names: ['write'], action: 'SCMP_ACT_ALLOW', args: [arg(0, 1), arg(0, 2)] }),
    );
    assert.deepEqual([either(write, [1n]), either(write, [2n]), either(write, [3n])], [allow, allow, eperm]);
  });

  test('a rule holds for its capabilities, architectures and kernels, and not for those that it excludes', () => {
    const rule = (more: object) => only({ names: ['read'], action: 'SCMP_ACT_ALLOW', ...more });
    const capabilities = capability('SYS_ADMIN') | capability('KILL');
    for (const [more, holds] of [
      [{ includes: { caps: ['CAP_KILL', 'CAP_SYS_ADMIN'] } }, true],
      [{ includes: { caps: ['CAP_KILL', 'CAP_CHOWN'] } }, false],
      [{ includes: { caps: ['CAP_NOT_YET'] } }, false],
      [{ excludes: { caps: ['CAP_CHOWN'] } }, true],
      [{ excludes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } }, false],
      [{ includes: { arches: ['arm64', 'amd64'] } }, true],
      [{ includes: { arches: ['arm64'] } }, false],
      [{ excludes: { arches: ['amd64'] } }, false],
      [{ includes: { minKernel: '4.8' } }, true],
      [{ includes: { minKernel: '255.0' } }, false],
      [{ excludes: { minKernel: '4.8' } }, false],
    ] as const)
      assert.equal(
        verdictOf(rule(more), { capabilities })(read),
        holds ? allow : eperm,
        JSON.stringify(more),
      );
    const of = (kernel: [number, number]) =>
      rulesFor(parseProfile(JSON.stringify(rule({ includes: { minKernel: '5.10' } }))), {
        capabilities: 0n,
        arch: 'amd64',
        kernel,
      }).length;
    assert.deepEqual([of([5, 9]), of([5, 10]), of([6, 0]), of([4, 20])], [0, 1, 1, 0]);
  });

  test('calls greater than the greatest of a profile do not exist, unless others are allowed', () => {
    const verdict = verdictOf(only({ names: ['getpid'], action: 'SCMP_ACT_ALLOW' }));
    assert.deepEqual([verdict(getpid - 1), verdict(getpid), verdict(getpid + 1)], [eperm, allow, enosys]);
    for (const defaultAction of ['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE'])
      assert.notEqual(
        verdictOf({ defaultAction, syscalls: [{ names: ['read'], action: 'SCMP_ACT_KILL' }] })(fchmodat2),
        enosys,
      );
  });

  test('calls that an old libseccomp does not know are decided on, too', () => {
    const names = ['fchmodat2', 'cachestat'];
    for (const native of [x86_64, aarch64]) {
      const verdict = verdictOf(
        {
          ...only({ names, action: 'SCMP_ACT_ALLOW' }, { names: ['mseal'], action: 'SCMP_ACT_KILL_PROCESS' }),
          architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_ARM'],
        },
        { native },
      );
      for (const token of [native, native === x86_64 ? x86 : arm]) {
        assert.equal(verdict(fchmodat2, [], token), allow);
        assert.equal(verdict(462, [], token), 0x80000000);
        assert.equal(verdict(453, [], token), eperm);
        assert.equal(verdict(463, [], token), enosys);
      }
    }
    assert.equal(verdictOf(allowing({ names, action: 'SCMP_ACT_ERRNO' }))(fchmodat2), eperm);
  });

  test('calls of 32 bits and of x32 are those that a profile names', () => {
    const rule = { names: ['read', 'uretprobe'], action: 'SCMP_ACT_ALLOW' };
    const archMap = [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    ];
    const x32Bit = 0x40000000;
    const verdict = verdictOf({ ...only(rule), archMap });
    assert.equal(verdict(read), allow);
    assert.equal(verdict(3, [], x86), allow);
    assert.equal(verdict(read | x32Bit), allow);
    assert.equal(verdict(335), allow);
    assert.equal(verdict(335 | x32Bit), allow);
    assert.equal(verdict(write | x32Bit), eperm);
    assert.equal(verdict(400 | x32Bit), enosys);
    const alone = verdictOf(only(rule));
    assert.equal(alone(read), allow);
    assert.equal(alone(3, [], x86), enosys);
    assert.equal(alone(read | x32Bit), enosys);
    const onArm = verdictOf({ ...only(rule), archMap }, { native: aarch64 });
    assert.equal(onArm(63), allow);
    assert.equal(onArm(3, [], arm), allow);
    // The list of another architecture has no effect; as in runc the machine's own is always there.
    assert.equal(
      verdictOf({ ...only(rule), architectures: ['SCMP_ARCH_S390X', 'SCMP_ARCH_ARM'] })(read),
      allow,
    );
  });

  test('a rule with the default action changes nothing; a call that nobody knows is skipped where nothing else would be', () => {
    assert.equal(
      verdictOf(
        only(
          { names: ['read'], action: 'SCMP_ACT_ERRNO' },
          { names: ['write', 'newer_than_all'], action: 'SCMP_ACT_ALLOW' },
        ),
      )(read),
      eperm,
    );
    refuses(
      allowing({ names: ['reed'], action: 'SCMP_ACT_ERRNO' }),
      /syscalls\[0\]\.names\[0\]: there is no system call 'reed', so it would be allowed/,
    );
  });

  test('rules that cannot hold beside each other are refused', () => {
    const rule = (action: string, value?: number) => ({
      names: ['read'],
      action: `SCMP_ACT_${action}`,
      ...(value !== undefined && { args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] }),
    });
    refuses(
      only(rule('ALLOW', 1), rule('KILL', 1)),
      /syscalls\[1\]: libseccomp cannot combine the rule for read/,
    );
    for (const [rules, at] of [
      [[rule('ALLOW'), rule('KILL', 1)], 1],
      [[rule('KILL_PROCESS', 1), rule('LOG')], 0],
    ] as const)
      refuses(only(...rules), new RegExp(`syscalls\\[${at}\\]: it would have no effect on read`));
    // The first one without args wins.
    const strict = verdictOf(only(rule('KILL'), rule('ALLOW', 1), rule('ALLOW')));
    assert.deepEqual([strict(read, [0n]), strict(read, [1n])], [0, 0]);
    assert.equal(verdictOf(only(rule('ALLOW'), rule('KILL')))(read), allow);
    const apart = verdictOf(only(rule('ALLOW', 1), rule('KILL', 2)));
    assert.deepEqual([apart(read, [0n]), apart(read, [1n]), apart(read, [2n])], [eperm, allow, 0]);
  });

  test('a profile with more instructions than the kernel accepts is refused', () => {
    const rules = Array.from({ length: 1500 }, (_, value) => ({
      names: ['personality'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: value * 2 ** 33, op: 'SCMP_CMP_EQ' }],
    }));
    refuses(only(...rules), /it takes \d+ instructions, and the kernel accepts at most 4096/);
    assert.equal(verdictOf(only(...rules.slice(0, 10)))(personality, [9n * 2n ** 33n]), allow);
  });

  test('an empty profile with one action for all', () => {
    assert.equal(verdictOf({ defaultAction: 'SCMP_ACT_ALLOW' })(getpid), allow);
    assert.equal(verdictOf({ defaultAction: 'SCMP_ACT_LOG' })(getpid), 0x7ffc0000);
  });
});
