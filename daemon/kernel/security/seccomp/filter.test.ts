import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { libseccomp } from '../../../native/libseccomp.ts';
import { type CapabilityName, capability } from '../capabilities.ts';
import { seccompAvailable, seccompFilter } from './filter.ts';
import { runFilter } from './run-filter.ts';

const allow = 0x7fff0000;
const eperm = 0x00050001;
const enosys = 0x00050026;
const defaultSet = 0xa80425fbn;
const all = (1n << 41n) - 1n;

const library = libseccomp();
const native = library?.nativeArchitecture ?? 0;
const x86 = 0x40000003;

function filterFor(set: bigint): Uint8Array {
  return seccompFilter('', set)?.program ?? assert.fail('no filter');
}

function verdict(
  name: string,
  args: readonly bigint[] = [],
  set = defaultSet,
  architecture = native,
): number {
  const number = library?.numberOf(architecture, name) ?? -1;
  assert.ok(number >= 0, `no number for ${name}`);
  return runFilter(filterFor(set), { number, architecture, args });
}

describe('the seccomp filter', {
  skip: !seccompAvailable() && 'this machine has no libseccomp.so.2, or a kernel without filters',
}, () => {
  test('what programs need is allowed', () => {
    const names =
      'read write openat execve clone fork futex mmap socket connect ioctl prctl ptrace statx rseq chroot getrandom';
    for (const name of names.split(' ')) assert.equal(verdict(name), allow, name);
  });

  test('T11: calls that change the machine or open a way out are refused', () => {
    const names =
      'mount umount2 unshare setns pivot_root bpf kexec_load init_module finit_module delete_module reboot swapon swapoff ' +
      'keyctl add_key request_key userfaultfd open_by_handle_at settimeofday clock_settime acct quotactl syslog ' +
      'perf_event_open move_mount open_tree fsopen fsmount io_uring_setup io_uring_enter iopl ioperm vhangup mbind kcmp';
    for (const name of names.split(' ')) assert.equal(verdict(name), eperm, name);
  });

  test('a capability allows the calls that belong to it, and no others', () => {
    const table: [CapabilityName, string[]][] = [
      ['SYS_ADMIN', ['mount', 'umount2', 'unshare', 'setns', 'bpf', 'clone3', 'sethostname']],
      ['SYS_TIME', ['settimeofday', 'clock_settime']],
      ['SYS_BOOT', ['reboot']],
      ['SYS_MODULE', ['init_module', 'finit_module']],
      ['SYS_NICE', ['mbind']],
      ['SYS_PACCT', ['acct']],
      ['SYS_RAWIO', ['iopl']],
      ['SYS_PTRACE', ['kcmp', 'pidfd_getfd']],
      ['SYSLOG', ['syslog']],
      ['SYS_TTY_CONFIG', ['vhangup']],
      ['DAC_READ_SEARCH', ['open_by_handle_at']],
      ['SYS_CHROOT', ['chroot']],
      ['BPF', ['bpf']],
      ['PERFMON', ['perf_event_open']],
    ];
    for (const [name, calls] of table) {
      for (const call of calls) {
        assert.equal(verdict(call, [], capability(name)), allow, `${call} with ${name}`);
        assert.notEqual(verdict(call, [], 0n), allow, `${call} without`);
      }
    }
    assert.equal(verdict('mount', [], all & ~capability('SYS_ADMIN')), eperm);
    assert.equal(verdict('kexec_load', [], all), eperm);
  });

  test('without CAP_SYS_ADMIN no namespace can be created: clone is refused by its flags, and clone3 does not exist', () => {
    assert.equal(verdict('clone', [0x01200011n]), allow);
    for (const flag of [
      0x20000n,
      0x02000000n,
      0x04000000n,
      0x08000000n,
      0x10000000n,
      0x20000000n,
      0x40000000n,
    ]) {
      assert.equal(verdict('clone', [flag | 17n]), eperm, flag.toString(16));
      assert.equal(verdict('clone', [flag | 17n | (1n << 40n)]), eperm, flag.toString(16));
      assert.equal(verdict('clone', [flag | 17n], all), allow);
    }
    assert.equal(verdict('clone3'), enosys);
    assert.equal(verdict('clone3', [], all), allow);
  });

  test('T13: nothing can be typed into a terminal, whatever the upper half of the request is', () => {
    for (const request of [0x5412n, 0x541cn]) {
      for (const upper of [0n, 1n << 32n, 0xffffffffn << 32n, 1n << 63n]) {
        for (const set of [defaultSet, all, 0n]) {
          assert.equal(verdict('ioctl', [0n, request | upper], set), eperm, (request | upper).toString(16));
        }
      }
    }
    assert.equal(verdict('ioctl', [0n, 0x5413n]), allow);
    assert.equal(verdict('ioctl', [0x5412n, 0x5401n]), allow);
  });

  test('sockets of AF_ALG and to the hypervisor are refused, by the 32 bits that the kernel looks at', () => {
    for (const family of [38n, 40n])
      for (const upper of [0n, 1n << 32n]) assert.equal(verdict('socket', [family | upper, 1n]), eperm);
    for (const family of [1n, 2n, 10n, 16n, 39n, 41n]) assert.equal(verdict('socket', [family, 1n]), allow);
  });

  test('the personality must be one of Linux', () => {
    for (const value of [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn])
      assert.equal(verdict('personality', [value]), allow);
    for (const value of [0x0040000n, 0x0400000n, 1n, 1n << 32n])
      assert.equal(verdict('personality', [value]), eperm);
  });

  test('calls newer than the filter do not exist', () => {
    for (const number of [600, 5000, 0x3fffffff, 0x40000000, 0x40000001, 0x40000200, 0xfffffffe]) {
      assert.equal(
        runFilter(filterFor(defaultSet), { number, architecture: native, args: [] }),
        enosys,
        String(number),
      );
    }
  });

  test('calls of another architecture do not exist', () => {
    assert.equal(runFilter(filterFor(defaultSet), { number: 0, architecture: 0x80000016, args: [] }), enosys);
  });

  test('the 32-bit calls of x86 obey the same rules', { skip: native !== 0xc000003e && 'not x86-64' }, () => {
    const on = (name: string, args: readonly bigint[] = []): number => verdict(name, args, defaultSet, x86);
    assert.equal(on('read'), allow);
    assert.equal(on('socketcall'), allow);
    assert.equal(on('mount'), eperm);
    assert.equal(on('unshare'), eperm);
    assert.equal(on('clone3'), enosys);
    assert.equal(on('clone', [0x10000011n]), eperm);
    assert.equal(on('ioctl', [0n, 0x5412n]), eperm);
    const socket = (family: bigint): number =>
      runFilter(filterFor(defaultSet), { number: 359, architecture: x86, args: [family] });
    assert.equal(socket(40n), eperm);
    assert.equal(socket(1n), allow);
  });

  test('filters are built once for each set of capabilities that makes a difference', () => {
    const net = 1n << 12n;
    assert.equal(seccompFilter('', defaultSet), seccompFilter('', defaultSet | net));
    assert.notEqual(seccompFilter('', defaultSet), seccompFilter('', all));
    const text = '{"defaultAction": "SCMP_ACT_ALLOW"}';
    assert.equal(seccompFilter(text, 0n), seccompFilter(text, all));
    assert.ok(filterFor(all).length / 8 <= 4096);
  });
});
