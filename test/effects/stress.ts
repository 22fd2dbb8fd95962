import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cgroupFile, cpuShares } from '../harness/cpu.ts';
import { requiresProgram } from '../harness/requires.ts';
import { until } from '../harness/until.ts';
import { counter, type Effects } from './effects.ts';

const mib = 2 ** 20;

export function stressEffects(effects: Effects): void {
  describe('stress-ng', requiresProgram('stress-ng'), () => {
    test('processes, memory and CPU at once: each limit holds alongside the others', async () => {
      const flags = ['--cpus', '0.4', '--memory', '40m', '--memory-swap', '40m', '--pids-limit', '16'];
      // stress-ng gives up when its processes are killed or cannot be forked.
      const load = (stressors: string) =>
        `while :; do stress-ng --quiet --oomable --timeout 600 ${stressors}; done`;
      await effects.running(
        [{ flags, script: load('--vm 1 --vm-bytes 128m --vm-keep') }],
        async (container) => {
          await until('it has all the memory that it may', () => {
            const isV2 = cgroupFile(container, 'memory', 'memory.events') !== null;
            return isV2
              ? counter(container, 'memory', 'memory.events', 'max') > 0
              : Number(cgroupFile(container, 'memory', 'memory.max_usage_in_bytes')) === 40 * mib;
          });
          // Not before: at the limit of processes, none could be forked to allocate memory.
          await effects.suite.ok(['exec', '-d', container.Id, 'sh', '-c', load('--fork 8')]);
          await until('forks fail', () => counter(container, 'pids', 'pids.events', 'max') > 0);
          // Time beyond the quota that was spent in the kernel is deducted later.
          await until('its share of the CPUs', async () => {
            const [share = 1] = await cpuShares([container], 1500);
            return share < 0.5;
          });
          assert.ok(Number(cgroupFile(container, 'pids', 'pids.current')) <= 16);
          const used =
            cgroupFile(container, 'memory', 'memory.current') ??
            cgroupFile(container, 'memory', 'memory.max_usage_in_bytes');
          assert.ok(Number(used) <= 40 * mib, `${used} bytes`);
        },
      );
    });
  });
}
