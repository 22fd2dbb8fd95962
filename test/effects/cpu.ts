import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFile, cpuShares, cpuUsageUs } from '../harness/cpu.ts';
import { until } from '../harness/until.ts';
import { counter, type Effects, lastCpu, pinned, type Running, spin } from './effects.ts';

const needsTwoCpus = () => (cpus().length < 2 ? 'the machine has one CPU' : '');
const near = (value: number, wanted: number, part: number) => Math.abs(value - wanted) <= wanted * part;

/** CPU time of `other` divided by that of `one`, over this much CPU time of both, so that other processes do not count. */
async function proportion(one: Running, other: Running, cpuSeconds: number): Promise<number> {
  const used = () => [cpuUsageUs(one), cpuUsageUs(other)] as const;
  const [oneBefore, otherBefore] = used();
  await until(
    `${cpuSeconds} s of CPU time`,
    () => {
      const [a, b] = used();
      return a - oneBefore + b - otherBefore > cpuSeconds * 1e6;
    },
    { everyMs: 100, deadlineMs: 180_000 },
  );
  const [a, b] = used();
  return (b - otherBefore) / (a - oneBefore);
}

/** Until disposed of, gives the group of this daemon's containers the CPU before other groups. */
function prefer({ CgroupPaths }: Running): Disposable {
  const undo = new DisposableStack();
  for (const folder of Object.values(CgroupPaths).map(dirname))
    for (const [file, most] of [
      ['cpu.shares', '262144'],
      ['cpu.weight', '10000'],
    ] as const) {
      const path = join(folder, file);
      if (!existsSync(path)) continue;
      const before = readFileSync(path, 'utf8');
      writeFileSync(path, most);
      undo.defer(() => writeFileSync(path, before));
    }
  return undo;
}

export function cpuEffects(effects: Effects): void {
  const { suite: s } = effects;
  /** Two busy containers on one CPU, with these weights or shares. */
  const race = async (flag: string, values: readonly [string, string], wanted: number): Promise<void> => {
    const runs = values.map((value) => ({ flags: [...pinned, flag, value], script: spin }));
    await effects.running(runs, async (one, other) => {
      assert.ok(one && other);
      const seen = await proportion(one, other, 2);
      assert.ok(near(seen, wanted, 0.1), `1 : ${seen.toFixed(3)}, wanted 1 : ${wanted.toFixed(3)}`);
    });
  };

  describe('CPU', { concurrency: 1 }, () => {
    effects.effect({
      knobs: ['cpu.weight'],
      what: '100 and 300 share one busy CPU as 1 : 3',
      prove: () => race('--cpu-weight', ['100', '300'], 3),
    });

    effects.effect({
      knobs: ['cpu.shares'],
      what: '100 and 300 share one busy CPU as 1 : 3 on v1, and as their weights, 17 : 39, on v2',
      async prove() {
        const isV2 = (await effects.machine()).CgroupLayout === 'v2';
        await race('--cpu-shares', ['100', '300'], isV2 ? 39 / 17 : 3);
      },
    });

    effects.effect({
      knobs: ['cpu.idle'],
      what: 'an idle container leaves the CPU to the others',
      prove: () =>
        effects.running(
          [
            { flags: [...pinned, '--cpu-idle'], script: spin },
            { flags: pinned, script: spin },
          ],
          async (idle, normal) => {
            assert.ok(idle && normal);
            const seen = await proportion(idle, normal, 1);
            assert.ok(seen > 10, `1 : ${seen}`);
          },
        ),
    });

    effects.effect({
      knobs: ['cpu.quota_us', 'cpu.period_us', 'freezer'],
      what: '--cpus 0.25 is 24 to 26 % of a CPU; an update takes effect; a pause stops the count',
      prove: () =>
        effects.running([{ flags: ['--cpus', '0.25'], script: spin }], async (container) => {
          using _ = prefer(container);
          // Never more; and as much, unless others use the CPUs all the time.
          await until(
            'a quarter of a CPU',
            async () => {
              const [share = 1] = await cpuShares([container], 3000);
              assert.ok(share <= 0.27, `${share} CPUs`); // one period more than fits
              return share >= 0.24 && share <= 0.26;
            },
            { deadlineMs: 120_000 },
          );
          await s.ok(['update', '--cpus', '0.75', container.Id]);
          await until('more than before', async () => ((await cpuShares([container], 500))[0] ?? 0) > 0.4);
          await s.ok(['pause', container.Id]);
          const before = cpuUsageUs(container);
          await sleep(300); // if it ran, it would use more than 100 ms
          assert.equal(cpuUsageUs(container), before);
          await s.ok(['unpause', container.Id]);
          await until('it runs on', () => cpuUsageUs(container) > before);
        }),
    });

    effects.effect({
      knobs: ['cpu.burst_us'],
      what: 'unused quota can be used later',
      prove: () =>
        effects.running(
          [
            {
              flags: ['--cpu-quota', '10000', '--cpu-burst', '10000'],
              script: 'while sleep 0.25; do for ((i = 0; i < 20000; i++)); do :; done; done',
            },
          ],
          async (container) => {
            await until('a burst', () => counter(container, 'cpu', 'cpu.stat', 'nr_bursts') > 0);
          },
        ),
    });

    effects.effect({
      knobs: ['cpu.realtime_runtime_us', 'cpu.realtime_period_us'],
      what: 'without it, no real-time process can run',
      async prove() {
        const chrt = ['chrt', '-f', '10', 'true'];
        // In a user namespace of its own, the capability is not for the host's scheduler.
        const may = ['--userns', 'host', '--cap-add', 'SYS_NICE'];
        assert.notEqual((await s.run(may, chrt)).code, 0);
        const flags = [...may, '--cpu-rt-runtime', '1000', '--cpu-rt-period', '100000'];
        const { code, stderr } = await s.run(flags, chrt);
        assert.equal(code, 0, stderr);
      },
    });

    effects.effect({
      knobs: ['cpu.cpuset_cpus', 'cpu.cpuset_mems'],
      what: 'nproc follows it, also after an update',
      needs: needsTwoCpus,
      async prove() {
        const flags = ['--cpuset-cpus', lastCpu, '--cpuset-mems', '0'];
        assert.equal(
          await s.sh(flags, 'nproc; grep Mems_allowed_list /proc/self/status'),
          '1\nMems_allowed_list:\t0',
        );
        const script = 'for i in 1 2 3 4; do sleep 1000 & done; wait';
        await effects.running([{ flags, script }], async ({ Id }) => {
          // Every process that was there before follows, too.
          for (const list of [`0-${lastCpu}`, lastCpu, `0-${lastCpu}`]) {
            await s.ok(['update', '--cpuset-cpus', list, Id]);
            const allowed = 'grep -h Cpus_allowed_list /proc/[0-9]*/status | sort -u';
            assert.equal(await s.ok(['exec', Id, 'sh', '-c', allowed]), `Cpus_allowed_list:\t${list}`);
          }
          assert.equal(await s.ok(['exec', Id, 'nproc']), String(cpus().length));
        });
      },
    });

    effects.effect({
      knobs: ['cpu.cpuset_partition'],
      what: 'below a partition the container has its CPUs to itself; elsewhere it is refused before anything is created',
      needs: needsTwoCpus,
      async prove() {
        const flags = ['--cpuset-cpus', lastCpu, '--cpuset-partition', 'root'];
        const refused = await s.run(['--name', 'unparted', ...flags], ['true']);
        assert.equal(refused.code, 125);
        assert.match(refused.stderr, /'member'.*'cpuset'.*\/cpuset\.cpus\.partition.*best-effort/);
        const told = await s.run(['--limits', 'best-effort', ...flags], ['echo', 'done']);
        assert.deepEqual([told.code, told.stdout], [0, 'done\n']);
        assert.match(told.stderr, /^likerctl: Limit not applied: Cannot set cpu\.cpuset_partition/);

        const below = ['--cgroup-parent', `lk-partition-${process.pid}`];
        let parent = '';
        await effects.running([{ flags: below, script: 'sleep 1000' }], async ({ CgroupPaths }) => {
          parent = dirname(CgroupPaths['v2'] ?? '');
        });
        try {
          writeFileSync(join(parent, 'cpuset.cpus'), lastCpu);
          writeFileSync(join(parent, 'cpuset.cpus.partition'), 'root');
          await effects.running(
            [{ flags: [...below, ...flags], script: 'sleep 1000' }],
            async (container) => {
              assert.equal(cgroupFile(container, 'cpuset', 'cpuset.cpus.partition'), 'root');
              assert.equal(await s.sh([], 'nproc'), String(cpus().length - 1));
            },
          );
        } finally {
          rmdirSync(parent);
        }
      },
    });
  });
}
