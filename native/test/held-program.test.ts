// The program of a container runs only once its init is executed, since the init's state in /proc/1 is the shim's until then.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Step } from '../../daemon/kernel/plan/steps.ts';
import { requiresProgram } from '../../test/harness/requires.ts';
import { until } from '../../test/harness/until.ts';
import { childrenOf, type TestShim } from './fixture.ts';
import { type ContainerOptions, containerSteps } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { EACCES, EPERM } = constants.errno;
const withStrace = requiresProgram('strace');

/** Starts a container whose first process strace changes: `inject` is an option of strace(1). */
async function startTraced(inject: string, options: Partial<ContainerOptions>): Promise<TestShim> {
  // The first step writes to a FIFO, so it waits until strace is attached.
  const fifo = join(fixture().folder, `fifo-${inject.replaceAll(/\W/g, '-')}`);
  execFileSync('mkfifo', [fifo]);
  const steps = containerSteps(fixture().container({ init: true, ...options }));
  const shim = await fixture().spawn([{ step: 'join-cgroup', file: fifo }, ...steps]);
  const pid = await until('the first process', () => childrenOf(shim.pid)[0]);
  const strace = spawn('strace', ['-f', '-p', String(pid), '-e', 'trace=execveat', '-e', inject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface(strace.stderr);
  for await (const line of lines) if (line.includes(' attached')) break;
  strace.stderr.resume();
  const reader = await open(fifo, 'r');
  await reader.read();
  await reader.close();
  return shim;
}

test('whatever the init is delayed by, the program sees it', withStrace, async () => {
  await using shim = await startTraced('inject=execveat:delay_enter=300000', {
    args: [
      '/bin/sh',
      '-c',
      'read -r name </proc/1/comm; echo "$name"; readlink /proc/1/exe; readlink /proc/1/cwd',
    ],
  });
  assert.equal((await shim.peer.exit()).code, 0);
  assert.equal(shim.peer.text(), 'liker-init\n/memfd:liker-init (deleted)\n/\n');
});

test('a program whose init cannot be executed never runs', withStrace, async () => {
  await using shim = await startTraced('inject=execveat:error=EACCES:delay_enter=300000', {
    args: ['/bin/sh', '-c', 'echo ran; : >/tmp/ran'],
  });
  const { name, call, object, errno } = await shim.peer.failed();
  assert.deepEqual(
    { name, call, object, errno },
    { name: 'init', call: 'execveat', object: 'init', errno: EACCES },
  );
  await shim.ended();
  assert.equal(shim.peer.text(), '');
  assert.ok(!existsSync(join(fixture().rootfs, 'tmp/ran')));
});

/** A filter that refuses one call, on any architecture, and allows all others. */
function refusing(call: number): Step {
  const instructions = [
    [0x20, 0, 0, 0], // load the number of the call
    [0x15, 0, 1, call],
    [0x06, 0, 0, 0x50000 + EPERM],
    [0x06, 0, 0, 0x7fff0000],
  ] as const;
  const filter = Buffer.alloc(instructions.length * 8);
  for (const [i, [code, yes, no, value]] of instructions.entries()) {
    filter.writeUInt16LE(code, i * 8);
    filter.writeUInt8(yes, i * 8 + 2);
    filter.writeUInt8(no, i * 8 + 3);
    filter.writeUInt32LE(value, i * 8 + 4);
  }
  return { step: 'seccomp', filter };
}

const numbers =
  process.arch === 'x64'
    ? { kill: 62, rt_sigtimedwait: 128, execveat: 322 }
    : { kill: 129, rt_sigtimedwait: 137, execveat: 281 };

for (const call of ['kill', 'rt_sigtimedwait', 'execveat'] as const)
  test(`a filter that refuses ${call}, which the init needs, refuses the start`, async () => {
    await using shim = await fixture().run('echo ran', {
      init: true,
      last: [{ step: 'no-new-privileges' }, refusing(numbers[call])],
    });
    const failure = await shim.peer.failed();
    assert.deepEqual(
      { name: failure.name, call: failure.call, object: failure.object, errno: failure.errno },
      { name: 'init', call, object: 'init', errno: EPERM },
    );
    await shim.ended();
    assert.equal(shim.peer.text(), '');
  });
