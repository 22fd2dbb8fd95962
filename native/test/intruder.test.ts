// A container that may trace gains nothing from the processes that enter its pid namespace, nor from what they send.
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

/** A container that traces, or forges for what it sees. */
async function intruder(args: readonly string[]): Promise<TestShim> {
  const steps = containerSteps(fixture().container({ ...confined, init: true, args: ['intruder', ...args] }));
  const shim = await fixture().spawn(steps, { openStdin: true });
  await shim.peer.outputMatches(/ready\n/);
  return shim;
}

/** Repeats until so many were seized, each of which had the rights of a program of the container. */
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

test('what is seized of the init and of execs has no more than a program of the container', async () => {
  await using shim = await intruder(['watch']);
  await seizes(shim, 20, async (number) => {
    // A long PATH keeps each where it can be seized before its exec.
    const env = [`PATH=${'/none:'.repeat(200)}/bin`];
    shim.peer.exec(
      number,
      fixture().execPlan('', { ...confined, env, args: ['true'], tty: number % 2 === 0 }),
    );
    await shim.peer.exit(number);
    shim.peer.taken(number);
  });
});

test('nor what is seized of containers that share its pid namespace', async () => {
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

test('a pid, a terminal and a failure that are forged harm nobody but the forger', async () => {
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
    // The forger may have ended by now.
    const left = childrenOf(shim.pid).filter((pid) => !before.includes(pid));
    assert.deepEqual(left, [], 'the exec does not');
    // Its own status counts, not what it has sent on the init's socket.
    assert.deepEqual((await shim.peer.exit()).code, 3);
    assert.match(shim.peer.text(), /^forged$/m);
    process.kill(victim.pid ?? 0, 0);
  } finally {
    victim.kill('SIGKILL');
    await once(victim, 'exit');
  }
});
