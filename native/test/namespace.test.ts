import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { test } from 'node:test';
import { cloneFlag, type Step } from '../../daemon/kernel/plan/steps.ts';
import { startTime } from './fixture.ts';
import { needsBoth, pidsHierarchy, unified } from './hierarchies.ts';
import { containerSteps, privateNamespaces } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const v1 = `${pidsHierarchy}/liker-native-${process.pid}`;
const v2 = `${unified}/liker-native-${process.pid}`;

function cgroupOf(pid: number, line: RegExp): string {
  return (
    readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .split('\n')
      .find((text) => line.test(text)) ?? ''
  );
}

async function withCgroups(act: () => Promise<void>): Promise<void> {
  mkdirSync(v1);
  try {
    mkdirSync(v2);
    await act();
  } finally {
    for (const group of [v1, v2]) if (existsSync(group)) rmdirSync(group);
  }
}

test(
  'T41: a process is in its cgroups from its first instruction, and so is an exec',
  needsBoth,
  async () => {
    await withCgroups(async () => {
      const join: Step = { step: 'join-cgroup', file: `${v1}/tasks` };
      const steps = [
        join,
        ...containerSteps(fixture().container({ args: ['/bin/sleep', '100'], init: true })),
      ];
      await using shim = await fixture().spawn(steps, { cgroup2: v2 });
      const pid = await shim.started();
      assert.match(cgroupOf(pid, /:pids:/), /liker-native/);
      assert.match(cgroupOf(pid, /^0::/), /liker-native/);
      const plan = fixture().execPlan('', { args: ['/bin/sleep', '100'] }, { cgroup2: v2 });
      shim.peer.exec(1, plan);
      assert.match(cgroupOf(await shim.peer.started(1), /^0::/), /liker-native/);
      const leading = fixture().execPlan('', { args: ['/bin/sleep', '100'] }, { cgroup2: v2 }, [
        join,
        { step: 'oom-score', value: 500 },
      ]);
      shim.peer.exec(2, leading);
      const exec = await shim.peer.started(2);
      assert.match(cgroupOf(exec, /:pids:/), /liker-native/);
      assert.equal(readFileSync(`/proc/${exec}/oom_score_adj`, 'utf8'), '500\n');
      shim.peer.signal(0, 9);
      await shim.peer.exit();
    });
  },
);

test('a container joins the pid namespace and the network of another', async () => {
  await using first = await fixture().run('sleep 100');
  const pid = await first.started();
  const target = { pid, startTime: startTime(pid) };
  const joinNet: Step = { step: 'join-namespace', flag: cloneFlag.network, ...target };
  const steps = [
    joinNet,
    ...containerSteps(
      fixture().container({ args: ['/bin/sh', '-c', 'ps -o comm; sleep 100'], pidOf: target }),
    ),
  ];
  await using second = await fixture().spawn(steps, {
    cloneFlags: privateNamespaces & ~cloneFlag.pid & ~cloneFlag.network,
    joinPid: target,
  });
  const other = await second.started();
  for (const name of ['pid', 'net'])
    assert.equal(readlinkSync(`/proc/${other}/ns/${name}`), readlinkSync(`/proc/${pid}/ns/${name}`));
  assert.notEqual(readlinkSync(`/proc/${other}/ns/mnt`), readlinkSync(`/proc/${pid}/ns/mnt`));
  await second.peer.outputMatches(/^COMMAND\nsleep\nsh\nps\n/);
  first.peer.signal(0, 9);
  const exit = await second.peer.exit();
  assert.equal(exit.signal, 9);
});

test('T57: a process with another start time is not joined', async () => {
  await using shim = await fixture().spawn(containerSteps(fixture().container({})), {
    cloneFlags: privateNamespaces & ~cloneFlag.pid,
    joinPid: { pid: process.pid, startTime: '1' },
  });
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.errno, failure.name, failure.call], [3, 'join', 'pidfd_open']);
});
