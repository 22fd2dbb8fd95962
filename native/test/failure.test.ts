import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeLaunch } from '../../daemon/kernel/plan/encode.ts';
import type { Step } from '../../daemon/kernel/plan/steps.ts';
import type { TestShim } from './fixture.ts';
import { bind, containerSteps, mount, settings } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { ENOENT, EACCES, EINVAL, ENODEV, EPERM, EEXIST, ENOTDIR, ELOOP, ESRCH, EBADMSG, ENOEXEC } =
  constants.errno;

interface Expected {
  readonly errno: number;
  readonly call: string;
  readonly object?: RegExp;
}

/** Starts with `bad` among the usual steps, and expects it to fail, with nothing left. */
async function fails(
  bad: Step,
  where: 'beforePivot' | 'afterPivot' | 'last',
  expected: Expected,
): Promise<void> {
  const steps = containerSteps(fixture().container({ [where]: [bad] }));
  await using shim = await fixture().spawn(steps);
  const failure = await shim.peer.failed();
  const { errno, call, name, step } = failure;
  assert.deepEqual(
    { errno, call, name, step },
    { ...pick(expected), name: bad.step, step: steps.indexOf(bad) },
  );
  assert.match(failure.object, expected.object ?? /./);
  await isGone(shim);
}

function pick({ errno, call }: { errno: number; call: string }): { errno: number; call: string } {
  return { errno, call };
}

async function isGone(shim: TestShim): Promise<void> {
  await shim.ended();
  assert.throws(() => readFileSync(shim.socketPath), { code: 'ENOENT' });
}

const cases: readonly (readonly [string, Step, 'beforePivot' | 'afterPivot' | 'last', Expected])[] = [
  [
    'an unknown file system',
    mount('nosuchfs', '/x', 0),
    'beforePivot',
    { errno: ENODEV, call: 'fsopen', object: /nosuchfs/ },
  ],
  [
    'a bad mount option',
    mount('tmpfs', '/x', 0, [['size', 'much']]),
    'beforePivot',
    { errno: EINVAL, call: 'fsconfig', object: /size=much/ },
  ],
  [
    'a missing bind source',
    bind('/no/such', '/x'),
    'beforePivot',
    { errno: ENOENT, call: 'open_tree', object: /no\/such/ },
  ],
  [
    'a missing bind target',
    bind('/tmp', '/x/y', { create: 'none' }),
    'beforePivot',
    { errno: ENOENT, call: 'openat2', object: /x\/y/ },
  ],
  [
    'a file where a directory must be',
    { step: 'directory', target: '/bin/busybox/x', mode: 0o755 },
    'beforePivot',
    { errno: ENOTDIR, call: 'mkdirat' },
  ],
  [
    'a link where a file exists',
    { step: 'symlink', target: '/dev/null', to: 'x' },
    'beforePivot',
    { errno: EEXIST, call: 'symlinkat' },
  ],
  [
    'a device where another exists',
    { step: 'device', target: '/dev/null', type: 'c', major: 1, minor: 5, mode: 0o666, uid: 0, gid: 0 },
    'beforePivot',
    { errno: EEXIST, call: 'mknodat' },
  ],
  [
    'an unknown sysctl',
    { step: 'sysctl', path: 'kernel/nosuch', value: '1' },
    'beforePivot',
    { errno: ENOENT, call: 'openat2' },
  ],
  [
    'T7: a sysctl path that leads out',
    { step: 'sysctl', path: '../self/oom_score_adj', value: '1' },
    'beforePivot',
    { errno: constants.errno.EXDEV, call: 'openat2' },
  ],
  [
    'a bad sysctl value',
    { step: 'sysctl', path: 'net/ipv4/ip_forward', value: 'many' },
    'beforePivot',
    { errno: EINVAL, call: 'write' },
  ],
  [
    'a missing cgroup',
    { step: 'join-cgroup', file: '/sys/fs/cgroup/none/tasks' },
    'beforePivot',
    { errno: ENOENT, call: 'open', object: /none\/tasks/ },
  ],
  [
    'a namespace of a process that has exited',
    { step: 'join-namespace', flag: 0x40000000, pid: 1, startTime: '987654321' },
    'beforePivot',
    { errno: ESRCH, call: 'pidfd_open', object: /process 1/ },
  ],
  [
    'a bad unshare',
    { step: 'unshare', flags: 0x80000000 },
    'beforePivot',
    { errno: EINVAL, call: 'unshare', object: /^$/ },
  ],
  [
    'a bad hostname',
    { step: 'hostname', name: 'x'.repeat(65) },
    'beforePivot',
    { errno: EINVAL, call: 'sethostname' },
  ],
  [
    'a missing working directory',
    { step: 'cwd', path: '/nowhere', create: false },
    'last',
    { errno: ENOENT, call: 'openat2', object: /nowhere/ },
  ],
  [
    'a working directory that is a file',
    { step: 'cwd', path: '/bin/busybox', create: false },
    'last',
    { errno: ENOTDIR, call: 'openat2' },
  ],
  [
    'T3: a working directory by a link of procfs',
    { step: 'cwd', path: '/proc/self/fd/0', create: false },
    'last',
    { errno: ELOOP, call: 'openat2' },
  ],
  [
    'a bad seccomp filter',
    { step: 'seccomp', filter: Buffer.alloc(8, 255) },
    'afterPivot',
    { errno: EINVAL, call: 'seccomp' },
  ],
  [
    'an rlimit above the hard one',
    { step: 'rlimit', resource: 99, soft: '1', hard: '1' },
    'afterPivot',
    { errno: EINVAL, call: 'prlimit', object: /99/ },
  ],
  [
    'capabilities that it does not have',
    { step: 'capabilities', effective: 1n << 50n, permitted: 1n << 24n, inheritable: 0n, ambient: 0n },
    'last',
    { errno: EPERM, call: 'capset', object: /^$/ },
  ],
  [
    'a change of user without the capability',
    { step: 'groups', gids: [1] },
    'last',
    { errno: EPERM, call: 'setgroups', object: /^$/ },
  ],
];

for (const [name, bad, where, expected] of cases)
  test(`a failed step is reported: ${name}`, async () => {
    if (bad.step === 'groups' || bad.step === 'capabilities') await failsAsUser(bad, expected);
    else await fails(bad, where, expected);
  });

async function failsAsUser(bad: Step, expected: Expected): Promise<void> {
  const steps = containerSteps(fixture().container({ uid: 1000, gid: 1000, last: [bad] }));
  await using shim = await fixture().spawn(steps);
  const failure = await shim.peer.failed();
  assert.deepEqual(pick(failure), pick(expected));
  assert.equal(failure.step, steps.indexOf(bad));
  await isGone(shim);
}

test('a program that cannot be executed is reported with its errno', async () => {
  writeFileSync(join(fixture().rootfs, 'bin/text'), 'no program', { mode: 0o755 });
  writeFileSync(join(fixture().rootfs, 'bin/plain'), 'no program', { mode: 0o644 });
  writeFileSync(join(fixture().rootfs, 'bin/script'), '#!/no/interpreter\n', { mode: 0o755 });
  writeFileSync(join(fixture().rootfs, 'bin/second'), '#! \t/bin/script  -x\n', { mode: 0o755 });
  writeFileSync(join(fixture().rootfs, 'bin/dos'), '#!/bin/sh\r\n', { mode: 0o755 });
  writeFileSync(join(fixture().rootfs, 'bin/secret'), '#!/no/interpreter\n', { mode: 0o111 });
  copyFileSync('/bin/ls', join(fixture().rootfs, 'bin/dynamic'));
  const programs: readonly (readonly [string, number, RegExp])[] = [
    ['nosuch', ENOENT, /^nosuch$/],
    ['/bin/nosuch', ENOENT, /^\/bin\/nosuch$/],
    ['plain', EACCES, /^plain$/],
    ['/bin', EACCES, /^\/bin$/],
    ['text', ENOEXEC, /^text$/],
    ['', ENOENT, /^$/],
    ['script', ENOENT, /^\/bin\/script \(its interpreter \/no\/interpreter is missing\)$/],
    ['/bin/script', ENOENT, /^\/bin\/script \(its interpreter \/no\/interpreter is missing\)$/],
    ['second', ENOENT, /^\/bin\/second \(its interpreter \/no\/interpreter is missing\)$/],
    ['dynamic', ENOENT, /^\/bin\/dynamic \(its interpreter \/lib.*\/ld-linux.* is missing\)$/],
    ['dos', ENOENT, /^\/bin\/dos \(its interpreter \/bin\/sh\r is missing\)$/],
    ['secret', ENOENT, /^\/bin\/secret \(its interpreter {2}is missing\)$/],
  ];
  for (const init of [false, true])
    for (const [program, errno, object] of programs) {
      // A user without capabilities cannot read a file that may only be executed.
      const ids = program === 'secret' ? { uid: 1000, gid: 1000 } : {};
      const steps = containerSteps(fixture().container({ args: [program], init, ...ids }));
      await using shim = await fixture().spawn(steps);
      const failure = await shim.peer.failed();
      assert.deepEqual([failure.errno, failure.name, failure.call], [errno, 'exec', 'execve'], program);
      assert.match(failure.object, object);
      assert.equal(failure.step, steps.length - 1);
      await isGone(shim);
    }
});

test('an exec that cannot be executed is forgotten', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  shim.peer.exec(1, fixture().execPlan('', { args: ['nosuch'] }));
  const failure = await shim.peer.failed(1);
  assert.deepEqual([failure.errno, failure.name], [ENOENT, 'exec']);
  assert.equal((await shim.peer.hello()).length, 1);
  shim.peer.exec(1, fixture().execPlan('exit 3'));
  await shim.peer.until((frame) => frame.type === 135 && frame.process === 1);
});

test('a truncated plan is reported, wherever it is cut', async () => {
  const own = fixture().shimSettings();
  const steps = containerSteps(fixture().container({}));
  const plan = encodeLaunch({ settings: settings(), steps }, own);
  for (let size = 9; size < plan.length; size += 97) {
    await using shim = await fixture().spawnPlan(plan.subarray(0, size), own.runDir);
    const failure = await shim.peer.failed();
    assert.deepEqual([failure.errno, failure.name], [EBADMSG, 'plan']);
    await shim.ended();
  }
});

test('a missing run folder is reported', async () => {
  const own = fixture().shimSettings({ runDir: '/run/liker-no-such-folder' });
  const plan = encodeLaunch({ settings: settings(), steps: containerSteps(fixture().container({})) }, own);
  await using shim = await fixture().spawnPlan(plan, own.runDir);
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.errno, failure.name, failure.object], [ENOENT, 'shim', own.runDir]);
  await shim.ended();
});

test('a child that is killed before exec is reported', async () => {
  const killAll = Buffer.from([6, 0, 0, 0, 0, 0, 0, 0x80]); // BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS
  const steps = containerSteps(fixture().container({ afterPivot: [{ step: 'seccomp', filter: killAll }] }));
  await using shim = await fixture().spawn(steps);
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.errno, failure.name], [constants.errno.ECHILD, 'start']);
  assert.match(failure.object, /signal 31/);
  await isGone(shim);
});
