import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { cgroupFile } from '../harness/cpu.ts';
import { isAlive, readProc } from '../harness/proc.ts';
import { stepPageTests } from '../harness/step-page.ts';
import type { Inspected, Suite } from '../harness/suite.ts';
import { until } from '../harness/until.ts';
import type { Layout } from './vm.ts';

const files = {
  procs: { v1: ['freezer', 'cgroup.procs'], v2: 'cgroup.procs' },
  memory: { v1: ['memory', 'memory.limit_in_bytes'], v2: 'memory.max' },
  cpus: { v1: ['cpu', 'cpu.cfs_quota_us'], v2: 'cpu.max' },
  shares: { v1: ['cpu', 'cpu.shares'], v2: 'cpu.weight' },
  pids: { v1: ['pids', 'pids.max'], v2: 'pids.max' },
  pidsNow: { v1: ['pids', 'pids.current'], v2: 'pids.current' },
  frozen: { v1: ['freezer', 'freezer.state'], v2: 'cgroup.events' },
} as const satisfies Record<string, { v1: readonly [controller: string, file: string]; v2: string }>;

/** Cgroup operations of the engine other than limits: births into groups, freezing, killing. */
export function engineTests(engine: Suite, layout: Layout): void {
  const noSwap = layout === 'v1' && !existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');

  /** A file of a container's cgroup, by its name in this layout. */
  function value(container: Inspected, what: keyof typeof files): string {
    const [controller, file] = layout === 'v2' ? ['v2', files[what].v2] : files[what].v1;
    return cgroupFile(container, controller, file) ?? assert.fail(`no ${file}`);
  }

  // The page shows the control groups of v2, which the host may not have.
  if (layout === 'v2') stepPageTests(engine);

  test('info names the layout', async () => {
    const { code, stdout } = await engine.start(['info', '--format', '{{.CgroupLayout}}']).outcome;
    assert.deepEqual([code, stdout], [0, `${layout}\n`]);
  });

  test('a container is in its own cgroup in every hierarchy, and sees it as the root', async () => {
    const id = await engine.detached([], ['bash', '-c', 'cat /proc/self/cgroup; sleep 1000']);
    const container = await engine.inspect(id);
    assert.match(value(container, 'procs'), new RegExp(`^${container.State.Pid}$`, 'm'));
    for (const path of Object.values(container.CgroupPaths)) assert.ok(path.endsWith(id), path);
    assert.notEqual(readProc(container.State.ShimPid, 'cgroup'), readProc(container.State.Pid, 'cgroup'));
    const used = Object.keys(container.CgroupPaths).flatMap((key) => key.split(','));
    const said = async () => (await engine.ok(['logs', id])) || null;
    const lines = (await until('it says so', said, { everyMs: 100 })).split('\n');
    const seen = lines.map((line) => line.split(':'));
    for (const [, controllers = '', path] of seen) {
      if (controllers === '' || used.includes(controllers)) assert.equal(path, '/', controllers);
    }
    await engine.ok(['rm', '-f', id]);
    for (const path of Object.values(container.CgroupPaths)) assert.ok(!existsSync(path), path);
  });

  test('a container is no router on a host that is one, unless it asks to be', async () => {
    const file = '/proc/sys/net/ipv4/ip_forward';
    const ask = (flags: readonly string[]) => engine.sh(flags, `cat ${file}`);
    writeFileSync(file, '1');
    try {
      const asked = ['--sysctl', 'net.ipv4.ip_forward=1'];
      assert.deepEqual([await ask([]), await ask(asked), await ask(['--network', 'host'])], ['0', '1', '1']);
    } finally {
      writeFileSync(file, '0');
    }
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
    assert.equal(cgroupFile(container, 'memory', file), String(mib * 2 ** 20));
    await engine.ok(['rm', '-f', id]);
  });

  test('pause freezes, unpause thaws, and exec is refused in between', async () => {
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

  test('a container that forks forever is killed as a whole', async () => {
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
}
