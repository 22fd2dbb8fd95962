// Cgroups on pure v2 and on pure v1, each in a virtual machine with its own kernel.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { effectLine, effectRecords } from '../effects/table.ts';
import { machineTimeout, missing, runInVm, tellAll } from './vm.ts';

// One at a time: a machine keeps one CPU busy, and other tests need one. The host, which has v1's controllers, shows the effects of v1's limits.
describe('cgroups', { concurrency: Math.max(1, availableParallelism() - 1), skip: missing() }, () => {
  for (const [layout, parts, leastTests, leastLimits] of [
    ['v2', ['effects'], 50, 40],
    ['v1', ['engine', 'adapters'], 30, 0],
    ['v2', ['adapters'], 25, 0],
  ] as const) {
    test(`${parts.join(', ')} in a machine that has only cgroup ${layout}`, machineTimeout, async (t) => {
      const ran = await runInVm(layout, parts);
      const records = effectRecords(ran.output);
      const file = process.env['LIKER_EFFECTS'];
      if (file !== undefined)
        appendFileSync(file, records.map((record) => `${effectLine(record)}\n`).join(''));
      await tellAll(t, ran, leastTests);
      assert.ok(records.length >= leastLimits, `too few limits were tried:\n${ran.output}`);
    });
  }
});
