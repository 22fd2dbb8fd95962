// Shims that are born before the starts that they are for.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { Failpoint } from './harness/failpoints.ts';
import { likerctl } from './harness/likerctl.ts';
import { childrenOf, isAlive, openFiles, parentOf, readProc, sparesOf } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();
const count = 2;
const spares = (): number[] => sparesOf(s.daemon.pid);
const full = () => until('all spare shims to wait', () => spares().length === count && spares());

test('a start takes a shim that was there before, and another one is born', async () => {
  const before = await full();
  const id = await s.detached([], ['sleep', '100000']);
  const { ShimPid, Pid } = (await s.inspect(id)).State;
  assert.ok(before.includes(ShimPid), `${ShimPid} of ${before}`);
  assert.equal(readProc(ShimPid, 'comm').trim(), 'liker-shim');
  assert.equal(parentOf(Pid), ShimPid);
  const now = await full();
  assert.equal(new Set([...before, ...now]).size, count + 1);
  await s.ok(['rm', '-f', id]);
});

test('it has nothing of a container while it waits', async () => {
  for (const pid of await full()) {
    assert.equal(readProc(pid, 'cgroup'), readProc(s.daemon.pid, 'cgroup'));
    assert.deepEqual(childrenOf(pid), []);
    const files = openFiles(pid).map((file) => file.replace(/:\[\d+\]/, ''));
    assert.deepEqual(files, [
      '/dev/null',
      '/dev/null',
      '/dev/null',
      'anon_inode:[eventpoll]',
      'anon_inode:[signalfd]',
      'socket',
    ]);
  }
});

test('more starts at once than shims that wait all succeed', async () => {
  const ran = await Promise.all(Array.from({ length: 8 }, (_, i) => s.sh([], `echo ${i}`)));
  assert.deepEqual(ran, [0, 1, 2, 3, 4, 5, 6, 7].map(String));
});

test('one that was killed delays no start, and is reaped', async () => {
  const killed = await full();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  assert.equal(await s.sh([], 'echo on'), 'on');
  const now = await full();
  for (const pid of killed) assert.ok(!now.includes(pid));
  await until('the dead to be reaped', () => killed.every((pid) => readProc(pid, 'stat') === ''));
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`they end with likerd (${signal}), containers do not, and the next likerd has its own`, async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const { Pid } = (await s.inspect(id)).State;
    const before = await full();
    await s.daemon.stop(signal);
    await until('the spare shims to end', () => !before.some(isAlive));
    await s.daemon.start();
    assert.equal(isAlive(Pid), true);
    await s.ok(['rm', '-f', id]);
    await s.ok(['run', '--rm', s.rootfs, 'true']);
    for (const pid of await full()) assert.equal(parentOf(pid), s.daemon.pid);
  });
}

test('with --spare-shims 0 there are none', async () => {
  await s.daemon.restart(['--spare-shims', '0']);
  assert.equal(await s.sh([], 'echo on'), 'on');
  assert.deepEqual(spares(), []);
  await s.daemon.restart();
  await s.ok(['run', '--rm', s.rootfs, 'true']);
  await full();
});

describe('whatever fails', { concurrency: 1 }, () => {
  const point = new Failpoint();
  after(() => point[Symbol.dispose]());

  for (const mode of ['error', 'kill'] as const)
    test(`each call of a shim that waits (${mode}): the next start finds another`, async (t) => {
      const daemon = await startDaemon({ env: point.env });
      t.after(() => daemon.destroy());
      const run = () => likerctl(daemon, ['run', '--rm', s.rootfs, 'true']);
      assert.equal((await run()).code, 0);
      const tries = await point.each(
        { role: 'shim', mode, stride: process.env['LIKER_KILLS'] === undefined ? 7 : 1 },
        run,
        async ({ value }) => {
          // The failure has hit the shim of this start, or one that was born meanwhile.
          assert.ok([0, 125, 126, 127, 255].includes(value?.code ?? -1), value?.stderr ?? '');
          const next = await run();
          assert.equal(next.code, 0, next.stderr);
          await until('nothing left', async () => Object.keys(await daemon.empty()).length === 0);
        },
      );
      assert.ok(tries > 7, `${tries} tries`);
      await daemon.kill9();
      await until('the spare shims to end', () => sparesOf(daemon.pid).length === 0);
    });
});
