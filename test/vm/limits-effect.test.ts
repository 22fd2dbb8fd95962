// The limits by their effect on pure v2, in a virtual machine with a kernel of its own. It has one CPU and no disk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, runInVm } from './vm.ts';

test('limits by effect in a machine with cgroup v2 only', {
  skip: missing(),
  timeout: 960_000,
}, async (t) => {
  const { told, output, status } = await runInVm('v2', ['test/limits-effect.test.ts']);
  for (const { name, passed, skipped, details } of told) {
    await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
      assert.ok(passed, details.join('\n')),
    );
  }
  t.diagnostic(/limits by effect.*(\n {2}.*)*/.exec(output)?.[0] ?? 'no table');
  assert.ok(told.length > 20, `too few tests were run:\n${output}`);
  assert.equal(status, 0, output.slice(-8000));
});
