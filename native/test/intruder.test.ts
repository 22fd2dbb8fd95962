// A container that may trace gains nothing from the processes that enter its pid namespace, or from forged messages.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { cloneFlag, type Step } from '../../daemon/kernel/plan/steps.ts';
import { compile } from '../../test/harness/rootfs.ts';
import { childrenOf, startTime, type TestShim } from './fixture.ts';
import { type ContainerOptions, containerSteps, defaultCapabilities, privateNamespaces } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
before(() => compile('intruder', join(fixture().rootfs, 'bin/intruder')));

const sysPtrace = 1n << 19n;
const allowAll: Step = { step: 'seccomp', filter: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) };
const confined: Partial<ContainerOptions> = {
  capabilities: defaultCapabilities | sysPtrace,
  last: [{ step: 'no-new-privileges' }, allowAll],
};

/** A container that traces the processes that it sees, or forges their messages. */
async function intruder(args: readonly string[]): Promise<TestShim> {
  const steps = containerSteps(fixture().container({ ...confined, init: true, args: ['intruder', ...args] }));
  const shim = await fixture().spawn(steps, { openStdin: true });
  await shim.peer.outputMatches(/ready\n/);
  return shim;
}

/** Repeats until so many processes were seized. Each had the rights of a program of the container. */
async function seizes(shim: TestShim, count: number, act: (turn: number) => Promise<void>): Promise<void> {
  const rights = () => [...shim.peer.text().matchAll(/^seized (.*)$/gm)].map((match) => match[1]);
  for (let turn = 1; rights().length < count && turn < 500; turn++) await act(turn);
  shim.peer.stdin(0, 1n, 0n, 'over');
  await shim.peer.exit();
  assert.ok(rights().length >= count, shim.peer.text());
  const [, own = ''] = /^own (.*)$/m.exec(shim.peer.text()) ?? [];
  const [, init] = /^init (.*)$/m.exec(shim.peer.text()) ?? [];
  assert.match(own, /CapBnd:\/00000000a80c25fb .*Seccomp:\/2 $/);
  assert.deepEqual([...new Set([init, ...rights()])], [own]);
}

test('a seized init or exec has no more rights than a program of the container', async () => {
  await using shim = await intruder(['watch']);
  await seizes(shim, 20, async (number) => {
    // A long PATH gives time to seize each before its exec.
    const env = [`PATH=${'/none:'.repeat(200)}/bin`];
    shim.peer.exec(
      number,
      fixture().execPlan('', { ...confined, env, args: ['true'], tty: number % 2 === 0 }),
    );
    await shim.peer.exit(number);
    shim.peer.taken(number);
  });
});

test('a seized process of a container that shares the pid namespace has no more rights either', async () => {
  await using shim = await intruder(['watch']);
  const [pid = 0] = childrenOf(shim.pid);
  const target = { pid, startTime: startTime(pid) };
  await seizes(shim, 5, async () => {
    const steps = containerSteps(fixture().container({ ...confined, args: ['true'], pidOf: target }));
    const launch = { cloneFlags: privateNamespaces & ~cloneFlag.pid, joinPid: target };
    await using other = await fixture().spawn(steps, launch);
    await other.peer.exit();
  });
});

test('a forged pid, terminal or failure harms only the forger', async () => {
  const victim = spawn('sleep', ['100']);
  try {
    await using shim = await intruder(['forge', String(victim.pid)]);
    const before = childrenOf(shim.pid);
    assert.match(shim.peer.text(), /^of init 1$/m, 'the socket of its status');
    const env = [`PATH=${'/none:'.repeat(20000)}/bin`];
    shim.peer.exec(1, fixture().execPlan('', { ...confined, env, args: ['sleep', '100'] }));
    const failure = await shim.peer.failed(1);
    assert.equal(failure.name, '', 'the forged one');
    assert.equal(victim.exitCode ?? victim.signalCode, null, 'the victim lives');
    // The forger may already have ended.
    const left = childrenOf(shim.pid).filter((pid) => !before.includes(pid));
    assert.deepEqual(left, [], 'the exec does not');
    // Its own status counts, not the one that it has sent on the init's socket.
    assert.deepEqual((await shim.peer.exit()).code, 3);
    assert.match(shim.peer.text(), /^forged$/m);
    process.kill(victim.pid ?? 0, 0);
  } finally {
    victim.kill('SIGKILL');
    await once(victim, 'exit');
  }
});
