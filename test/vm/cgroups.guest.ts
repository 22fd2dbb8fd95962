// Limits, freezing, killing and devices on the cgroup layout that LIKER_TEST_LAYOUT names. Runs in a virtual machine
// (vm.ts), since a running machine's controllers are bound to one layout.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive, readProc } from '../harness/proc.ts';
import { type Inspected, suite } from '../harness/suite.ts';
import { until } from '../harness/until.ts';

const layout = process.env['LIKER_TEST_LAYOUT'] === 'v1' ? 'v1' : 'v2';
const noSwap = layout === 'v1' && !existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');
const engine = suite();

/** Of a container's cgroup: the file of a controller as this layout has it. */
function read(container: Inspected, { v1, v2 }: { v1: [string, string]; v2: string }): string {
  const [controller, file] = layout === 'v2' ? ['v2', v2] : v1;
  const folders = Object.entries(container.CgroupPaths);
  const folder = folders.find(([key]) => key.split(',').includes(controller))?.[1];
  assert.ok(folder, `no cgroup of ${controller} in ${JSON.stringify(container.CgroupPaths)}`);
  return readFileSync(join(folder, file), 'utf8').trim();
}

const files = {
  procs: { v1: ['freezer', 'cgroup.procs'], v2: 'cgroup.procs' },
  memory: { v1: ['memory', 'memory.limit_in_bytes'], v2: 'memory.max' },
  cpus: { v1: ['cpu', 'cpu.cfs_quota_us'], v2: 'cpu.max' },
  shares: { v1: ['cpu', 'cpu.shares'], v2: 'cpu.weight' },
  pids: { v1: ['pids', 'pids.max'], v2: 'pids.max' },
  pidsNow: { v1: ['pids', 'pids.current'], v2: 'pids.current' },
  frozen: { v1: ['freezer', 'freezer.state'], v2: 'cgroup.events' },
} as const satisfies Record<string, { v1: readonly [string, string]; v2: string }>;

function value(container: Inspected, file: keyof typeof files): string {
  const { v1, v2 } = files[file];
  return read(container, { v1: [...v1], v2 });
}

test('info names the layout', async () => {
  assert.equal(await engine.ok(['info', '--format', '{{.CgroupLayout}}']), layout);
});

test('a container is in its own cgroup in every hierarchy, and sees it as the root', async () => {
  const id = await engine.detached([], ['bash', '-c', 'cat /proc/self/cgroup; sleep 1000']);
  const container = await engine.inspect(id);
  assert.match(value(container, 'procs'), new RegExp(`^${container.State.Pid}$`, 'm'));
  for (const path of Object.values(container.CgroupPaths)) assert.ok(path.endsWith(id), path);
  assert.notEqual(readProc(container.State.ShimPid, 'cgroup'), readProc(container.State.Pid, 'cgroup'));
  const used = Object.keys(container.CgroupPaths).flatMap((key) => key.split(','));
  const seen = (await engine.ok(['logs', id])).split('\n').map((line) => line.split(':'));
  for (const [, controllers = '', path] of seen) {
    if (controllers === '' || used.includes(controllers)) assert.equal(path, '/', controllers);
  }
  await engine.ok(['rm', '-f', id]);
  for (const path of Object.values(container.CgroupPaths)) assert.ok(!existsSync(path), path);
});

test('limits are written, read back and shown', async () => {
  const flags = ['--memory', '48m', '--cpus', '0.5', '--cpu-shares', '1024', '--pids-limit', '30'];
  const id = await engine.detached(flags, ['sleep', '1000']);
  const container = await engine.inspect(id);
  assert.equal(value(container, 'memory'), String(48 * 2 ** 20));
  assert.match(value(container, 'cpus'), /^50000( 100000)?$/);
  assert.equal(value(container, 'shares'), layout === 'v2' ? '100' : '1024');
  assert.equal(value(container, 'pids'), '30');
  const shown = container.AppliedLimits.filter(({ Problem }) => Problem === '');
  const knobs = shown.map(({ Knob }) => Knob);
  for (const knob of ['memory.max_bytes', 'cpu.shares', 'pids.max']) assert.ok(knobs.includes(knob), knob);
  for (const { File, Effective } of shown) assert.equal(readFileSync(File, 'utf8').trim(), Effective, File);
  await engine.ok(['rm', '-f', id]);
});

test('--memory-swap is memory and swap together', {
  skip: noSwap && 'the kernel counts no swap',
}, async () => {
  const id = await engine.detached(['--memory', '32m', '--memory-swap', '48m'], ['sleep', '1000']);
  const container = await engine.inspect(id);
  const [file, mib] =
    layout === 'v2' ? (['memory.swap.max', 16] as const) : (['memory.memsw.limit_in_bytes', 48] as const);
  assert.equal(read(container, { v1: ['memory', file], v2: file }), String(mib * 2 ** 20));
  await engine.ok(['rm', '-f', id]);
});

test('what takes more than --memory is killed, and said to be', async () => {
  // tail keeps what it reads until the end, which never comes.
  const { code } = await engine.likerctl([
    'run',
    '--name',
    'hungry',
    '--memory',
    '32m',
    engine.rootfs,
    'tail',
    '/dev/zero',
  ]);
  assert.equal(code, 137);
  const { State } = await engine.inspect('hungry');
  assert.deepEqual([State.OOMKilled, State.ExitCode, State.Signal], [true, 137, 9]);
  await engine.ok(['rm', 'hungry']);
});

test('--cpus holds a busy loop back', async () => {
  const id = await engine.detached(['--cpus', '0.2'], ['bash', '-c', 'while :; do :; done']);
  const container = await engine.inspect(id);
  const used = (): number =>
    layout === 'v2'
      ? Number(/^usage_usec (\d+)/m.exec(read(container, { v1: ['cpu', ''], v2: 'cpu.stat' }))?.[1]) / 1e6
      : Number(read(container, { v1: ['cpuacct', 'cpuacct.usage'], v2: '' })) / 1e9;
  const [begin, before] = [performance.now(), used()];
  await until(
    'a second of CPU time or five of the clock',
    () => used() - before > 1 || performance.now() - begin > 5000,
  );
  const share = ((used() - before) * 1000) / (performance.now() - begin);
  assert.ok(share > 0.02 && share < 0.35, `a share of ${share.toFixed(2)}`);
  assert.match(read(container, { v1: ['cpu', 'cpu.stat'], v2: 'cpu.stat' }), /^nr_throttled [1-9]/m);
  await engine.ok(['rm', '-f', id]);
});

test('--pids-limit bounds the number of processes', async () => {
  const script = 'for i in {1..30}; do sleep 1000 & done; sleep 1000';
  const id = await engine.detached(['--pids-limit', '12'], ['bash', '-c', script]);
  const container = await engine.inspect(id);
  await until('the bound to be reached', () => value(container, 'pidsNow') === '12');
  await until('a refusal', () =>
    /^max [1-9]/m.test(read(container, { v1: ['pids', 'pids.events'], v2: 'pids.events' })),
  );
  await engine.ok(['rm', '-f', id]);
});

test('pause freezes, unpause thaws, exec is refused in between', async () => {
  const id = await engine.detached([], ['bash', '-c', 'while :; do sleep 0.1; echo tick; done']);
  const frozen = layout === 'v2' ? /^frozen 1$/m : /^FROZEN$/;
  await engine.ok(['pause', id]);
  const container = await engine.inspect(id);
  assert.deepEqual([container.State.Status, container.State.Paused], ['paused', true]);
  assert.match(value(container, 'frozen'), frozen);
  assert.notEqual((await engine.likerctl(['exec', id, 'true'])).code, 0);
  await engine.ok(['unpause', id]);
  assert.doesNotMatch(value(container, 'frozen'), frozen);
  assert.equal((await engine.likerctl(['exec', id, 'true'])).code, 0);
  await engine.ok(['rm', '-f', id]);
});

test('kill of a paused container ends it and leaves nothing frozen', async () => {
  const id = await engine.detached([], ['sleep', '1000']);
  const { State, CgroupPaths } = await engine.inspect(id);
  await engine.ok(['pause', id]);
  await engine.ok(['kill', id]);
  await engine.ok(['wait', id]);
  assert.ok(!isAlive(State.Pid));
  for (const path of Object.values(CgroupPaths)) assert.ok(!existsSync(path), path);
  await engine.ok(['rm', id]);
});

test('a container that never stops to fork is killed as a whole', async () => {
  const script =
    'fork() { while :; do (sleep 0.05 & sleep 0.05 &); done; }; trap "" TERM; fork & fork & fork';
  const id = await engine.detached(['--pids-limit', '100'], ['bash', '-c', script]);
  const container = await engine.inspect(id);
  await until('many processes', () => Number(value(container, 'pidsNow')) > 20);
  await engine.ok(['stop', '-t', '1', id]);
  assert.equal((await engine.inspect(id)).State.ExitCode, 137);
  for (const path of Object.values(container.CgroupPaths)) assert.ok(!existsSync(path), path);
  await engine.ok(['rm', id]);
});

test('devices that were not given cannot be opened, whatever node is made', async () => {
  // 1:11 is the kernel's log, 1:3 and 1:5 are null and zero.
  const script = [
    'mknod /forbidden c 1 11 && mknod /allowed c 1 5',
    'head -c 4 /dev/zero | od -An -tx1 && echo x >/dev/null && head -c 1 /allowed | od -An -tx1',
    'cat /forbidden; echo code $?',
  ].join('\n');
  const { stdout, stderr } = await engine.run([], ['bash', '-c', script]);
  assert.equal(stdout, ' 00 00 00 00\n 00\ncode 1\n');
  assert.match(stderr, /forbidden: Operation not permitted/);
});
