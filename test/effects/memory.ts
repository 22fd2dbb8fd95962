import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { describe } from 'node:test';
import { cgroupFile } from '../harness/cpu.ts';
import { until } from '../harness/until.ts';
import { counter, type Effects, pinned, type Running } from './effects.ts';

const mib = 2 ** 20;
const hog = 'tail /dev/zero';
/** Allocates 40 MB and keeps them: tail waits for the end of its input. */
const keep = '(head -c 40000000 /dev/zero; sleep 1000) | tail -c 50000000';

function needsSwap(): string {
  const lines = readFileSync('/proc/swaps', 'utf8').trim().split('\n');
  return lines.length > 1 ? '' : 'the machine has no swap';
}

function needsZswap(): string {
  const file = '/sys/module/zswap/parameters/enabled';
  const isOn = existsSync(file) && readFileSync(file, 'utf8').startsWith('Y');
  return needsSwap() || (isOn ? '' : 'zswap is off');
}

export function memoryEffects(effects: Effects): void {
  const { suite: s } = effects;
  const memory = (container: Running, file: string) => Number(cgroupFile(container, 'memory', file) ?? 0);
  const isV2 = async () => (await effects.machine()).CgroupLayout === 'v2';
  const needsDisk = () => {
    const { dev } = statSync(s.daemon.root);
    return dev < 256 ? 'the layers are on no disk, and have no cache' : '';
  };

  describe('memory', { concurrency: 2 }, () => {
    effects.effect({
      knobs: ['memory.max_bytes', 'memory.memory_swap_bytes'],
      what: 'a hog is killed at its limit: 137, OOMKilled',
      async prove() {
        const flags = ['--memory', '16m', '--memory-swap', '16m'];
        const id = await s.ok(['create', ...flags, s.rootfs, 'tail', '/dev/zero']);
        assert.equal((await s.likerctl(['start', '-a', id])).code, 137);
        assert.equal((await s.inspect(id)).State.OOMKilled, true);
        await s.ok(['rm', id]);
      },
    });

    effects.effect({
      knobs: ['memory.memory_swap_bytes'],
      what: 'memory beyond the limit goes to swap, up to the limit of swap',
      needs: needsSwap,
      async prove() {
        const flags = ['--memory', '24m', '--memory-swap', '120m'];
        await effects.running([{ flags, script: keep }], async (container) => {
          const [file, least] = (await isV2())
            ? (['memory.swap.current', 8 * mib] as const)
            : (['memory.memsw.usage_in_bytes', 32 * mib] as const);
          await until('it has swapped', () => memory(container, file) > least);
          assert.equal(await effects.isRunning(container.Id), true);
        });
      },
    });

    effects.effect({
      knobs: ['memory.high_bytes'],
      what: 'it throttles and does not kill',
      prove: () =>
        effects.running(
          [{ flags: ['--memory-high', '16m', '--memory', '1g'], script: hog }],
          async (container) => {
            const slowed = () => counter(container, 'memory', 'memory.events', 'high');
            await until('it was slowed, and goes on', () => slowed() >= 30);
            assert.equal(await effects.isRunning(container.Id), true);
            assert.ok(memory(container, 'memory.current') < 256 * mib);
          },
        ),
    });

    effects.effect({
      knobs: ['memory.oom_kill_disable'],
      what: 'a hog waits; it is killed once the OOM killer is enabled again',
      prove: () =>
        effects.running(
          [{ flags: ['--memory', '16m', '--memory-swap', '16m', '--oom-kill-disable'], script: hog }],
          async (container) => {
            await until(
              'it is out of memory',
              () => counter(container, 'memory', 'memory.oom_control', 'under_oom') === 1,
            );
            assert.equal(await effects.isRunning(container.Id), true);
            await s.ok(['update', '--oom-kill-disable=false', container.Id]);
            assert.equal(await s.ok(['wait', container.Id]), '137');
          },
        ),
    });

    effects.effect({
      knobs: ['memory.oom_group'],
      what: 'the whole container is killed, and without it one process',
      async prove() {
        const flags = ['--memory', '16m', '--memory-swap', '16m'];
        const script = ['bash', '-c', 'tail /dev/zero & wait; exit 3'];
        assert.equal((await s.run([...flags, '--oom-group'], script)).code, 137);
        assert.equal((await s.run(flags, script)).code, 3);
      },
    });

    effects.effect({
      knobs: ['memory.max_bytes'],
      what: 'an update below the current use is refused, changes nothing and kills nobody',
      prove: () =>
        effects.running(
          [{ flags: ['--memory', '256m', '--memory-swap', '256m'], script: keep }],
          async (container) => {
            const file = (await isV2()) ? 'memory.current' : 'memory.usage_in_bytes';
            await until('it has its memory', () => memory(container, file) > 32 * mib);
            const change = [...pinned, '--memory', '8m', '--memory-swap', '8m', '--pids-limit', '7'];
            const { code, stderr } = await s.likerctl(['update', ...change, container.Id]);
            assert.equal(code, 1);
            assert.match(stderr, /Cannot set --memory to 8388608: .*in use/);
            assert.deepEqual((await effects.get(container.Id)).limits, container.limits);
            assert.equal(await s.ok(['exec', container.Id, 'nproc']), String(cpus().length));
          },
        ),
    });

    effects.effect({
      knobs: ['process.oom_score_adj'],
      what: 'the process and its execs have it',
      prove: () =>
        effects.running(
          [{ flags: ['--oom-score-adj', '321'], script: 'sleep 1000' }],
          async ({ Id, pid }) => {
            assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'), '321\n');
            assert.equal(await s.ok(['exec', Id, 'cat', '/proc/self/oom_score_adj']), '321');
          },
        ),
    });

    for (const [knob, flag] of [
      ['memory.low_bytes', '--memory-low'],
      ['memory.min_bytes', '--memory-min'],
      ['memory.reservation_bytes', '--memory-reservation'],
    ] as const) {
      let version = 2;
      effects.effect({
        knobs: [knob],
        what: 'the cache of others is reclaimed first',
        needs: needsDisk,
        onlyValue: () =>
          version === 1 ? 'v1 looks at it only when the whole machine is short of memory' : '',
        async prove() {
          if (!(await isV2())) {
            version = 1;
            await effects.running([{ flags: [flag, '8m'], script: 'sleep 1000' }], async (container) => {
              assert.equal(memory(container, 'memory.soft_limit_in_bytes'), 8 * mib);
            });
            return;
          }
          await keepsItsCache(effects, flag);
        },
      });
    }

    effects.effect({
      knobs: ['memory.swap_high_bytes'],
      what: 'it throttles a container that swaps more',
      needs: needsSwap,
      prove: () =>
        effects.running(
          [{ flags: ['--memory', '16m', '--memory-swap', '120m', '--memory-swap-high', '4m'], script: keep }],
          async (container) => {
            await until(
              'it was slowed',
              () => counter(container, 'memory', 'memory.swap.events', 'high') > 0,
            );
            assert.equal(counter(container, 'memory', 'memory.events', 'oom_kill'), 0);
          },
        ),
    });

    effects.effect({
      knobs: ['memory.zswap_max_bytes'],
      what: 'with 0, nothing is kept compressed in memory',
      needs: needsZswap,
      async prove() {
        const limits = ['--memory', '24m', '--memory-swap', '120m'];
        const runs = [[], ['--memory-zswap-max', '0']].map((more) => ({
          flags: [...limits, ...more],
          script: keep,
        }));
        await effects.running(runs, async (free, held) => {
          assert.ok(free && held);
          await until('both swap', () =>
            [free, held].every((one) => memory(one, 'memory.swap.current') > 8 * mib),
          );
          assert.ok(memory(free, 'memory.zswap.current') > 0);
          assert.equal(memory(held, 'memory.zswap.current'), 0);
        });
      },
    });

    effects.inForce('memory.swappiness', ['--memory-swappiness', '7'], '7', {
      why: 'felt only where there is swap',
    });
  });
}

/** Two containers, one with protected memory, read more than their parent's limit: the protected one keeps its cache. */
async function keepsItsCache(effects: Effects, flag: string): Promise<void> {
  const parent = `lk${flag}-${process.pid}`;
  const cached = 24;
  const script = `truncate -s ${cached}M /f; cat /f >/dev/null; echo ready; sleep 1000`;
  const flags = ['--cgroup-parent', parent];
  let folder = '';
  try {
    await effects.running([{ flags: [...flags, flag, '40m'], script }], async (kept) => {
      folder = dirname(kept.CgroupPaths['v2'] ?? '');
      const cache = () => counter(kept, 'memory', 'memory.stat', 'file');
      await until('its cache', () => cache() >= cached * mib);
      writeFileSync(join(folder, 'memory.max'), String(64 * mib));
      const greedy = 'truncate -s 200M /f; cat /f >/dev/null; echo ready; sleep 1000';
      await effects.running([{ flags, script: greedy }], async (other) => {
        const hasRead = async () => (await effects.suite.ok(['logs', other.Id])) === 'ready';
        await until('it has read all', hasRead, { everyMs: 300 });
        assert.ok(cache() >= 0.9 * cached * mib, `${cache()} bytes are left of its cache`);
        assert.ok(counter(other, 'memory', 'memory.stat', 'file') < 64 * mib);
      });
    });
  } finally {
    if (folder !== '') rmdirSync(folder);
  }
}
