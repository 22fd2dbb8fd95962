// The suite's cgroup part on pure v2 and on pure v1, in a virtual machine with a kernel of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Layout, missing, runInVm } from './vm.ts';

const skip = missing();
const adapters = 'daemon/kernel/cgroup/{cgroups,devices,knobs,network,subtree}.root.test.ts';
const engine = 'test/vm/cgroups.guest.ts';

// Each machine has one CPU of its own.
describe('cgroups', { concurrency: 2, skip }, () => {
  for (const layout of ['v2', 'v1'] satisfies Layout[]) {
    test(`in a machine with cgroup ${layout} only`, { timeout: 960_000 }, async (t) => {
      const { told, output, status } = await runInVm(layout, [adapters, engine]);
      for (const { name, passed, skipped, details } of told) {
        await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
          assert.ok(passed, details.join('\n')),
        );
      }
      assert.ok(told.length > 10, `too few tests were run:\n${output}`);
      assert.equal(status, 0, output.slice(-8000));
    });
  }
});
