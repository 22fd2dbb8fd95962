import assert from 'node:assert/strict';
import { existsSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe } from 'node:test';
import { cgroupFile } from '../harness/cpu.ts';
import { until } from '../harness/until.ts';
import { counter, type Effects } from './effects.ts';

export function processEffects(effects: Effects): void {
  const { suite: s } = effects;

  describe('processes and groups', { concurrency: 2 }, () => {
    effects.effect({
      knobs: ['pids.max'],
      what: 'a fork bomb stops at its limit, and the host can fork',
      prove: () =>
        effects.running(
          [{ flags: ['--pids-limit', '40'], script: 'f() { f | f & }; f; sleep 1000' }],
          async (container) => {
            await until('forks fail', () => counter(container, 'pids', 'pids.events', 'max') > 0);
            assert.ok(Number(cgroupFile(container, 'pids', 'pids.current')) <= 40);
            assert.equal(await s.sh([], 'echo $(seq 3 | tail -n 1)'), '3');
          },
        ),
    });

    effects.effect({
      knobs: ['pids.max'],
      what: 'there is a default; -1 removes it; an update takes effect',
      async prove() {
        const script = 'sleep 1000 & sleep 1000 & wait';
        await effects.running(
          [
            { flags: [], script },
            { flags: ['--pids-limit', '-1'], script },
          ],
          async (usual, free) => {
            assert.ok(usual && free);
            assert.equal(cgroupFile(usual, 'pids', 'pids.max'), '2048');
            assert.equal(cgroupFile(free, 'pids', 'pids.max'), 'max');
            await s.ok(['update', '--pids-limit', '3', usual.Id]);
            assert.notEqual((await s.likerctl(['exec', usual.Id, 'sh', '-c', 'true | true'])).code, 0);
          },
        );
      },
    });

    effects.effect({
      knobs: ['cgroup.max_descendants', 'cgroup.max_depth'],
      what: 'one exec can start and no more',
      prove: () =>
        effects.running(
          [
            {
              flags: ['--cgroup-max-descendants', '1', '--cgroup-max-depth', '1'],
              script: 'sleep 1000',
            },
          ],
          async ({ Id }) => {
            assert.equal(await s.ok(['exec', Id, 'echo', 'one']), 'one');
            await s.ok(['exec', '-d', Id, 'sleep', '1000']);
            const { code, stderr } = await s.likerctl(['exec', Id, 'true']);
            assert.notEqual(code, 0);
            assert.match(stderr, /raise cgroup\.max\.descendants/);
            await s.ok(['update', '--cgroup-max-descendants', '5', Id]);
            assert.equal(await s.ok(['exec', Id, 'echo', 'two']), 'two');
          },
        ),
    });

    effects.effect({
      knobs: ['process.rlimits'],
      what: 'no more files can be opened than --ulimit says',
      async prove() {
        const open = 'for i in {10..30}; do eval "exec $i</dev/null" || exit 1; done';
        const { code, stderr } = await s.run(['--ulimit', 'nofile=20'], ['bash', '-c', open]);
        assert.notEqual(code, 0);
        assert.match(stderr, /Too many open files|Bad file descriptor/);
        await s.sh(['--ulimit', 'nofile=40'], open);
      },
    });

    effects.effect({
      knobs: ['cgroup.settings'],
      what: '--cgroup-conf writes a file of the kernel in any hierarchy',
      async prove() {
        const { code } = await s.run(
          ['--cgroup-conf', 'pids.max=3'],
          ['sh', '-c', 'sleep 1 | sleep 1 | cat | cat'],
        );
        assert.notEqual(code, 0);
      },
    });

    effects.effect({
      knobs: ['cgroup_parent'],
      what: 'limits of the parent apply to the container',
      async prove() {
        const parent = `lk-parent-${process.pid}`;
        const folders = new Set<string>();
        try {
          await effects.running(
            [{ flags: ['--cgroup-parent', `/${parent}/in`], script: 'sleep 1000' }],
            async (container) => {
              for (const path of Object.values(container.CgroupPaths)) folders.add(dirname(path));
              for (const folder of folders) assert.equal(basename(dirname(folder)), parent);
              const pids = [...folders].find((folder) => existsSync(join(folder, 'pids.max'))) ?? '';
              writeFileSync(join(pids, 'pids.max'), '3');
              const many = ['exec', container.Id, 'sh', '-c', 'sleep 1 | sleep 1 | cat'];
              const { code, stderr } = await s.likerctl(many);
              assert.notEqual(code, 0, stderr);
            },
          );
        } finally {
          for (const folder of folders) {
            rmdirSync(folder);
            rmdirSync(dirname(folder));
          }
        }
      },
    });
  });
}
