// Limits of an ordinary user's containers, where all controllers are on a cgroup v2 that was delegated to him: a virtual machine.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requiresProgram } from '../harness/requires.ts';
import { machineTimeout, missing, runInVm } from './vm.ts';

const { skip } = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');

describe('without root, on cgroup v2 alone', { skip: skip || missing() }, () => {
  test('limits, pause and kill in a delegated cgroup', machineTimeout, async (t) => {
    const { told, output, status } = await runInVm('v2', ['rootless']);
    for (const { name, passed, skipped, details } of told)
      await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
        assert.ok(passed, details.join('\n')),
      );
    assert.ok(told.length >= 4, `too few tests were run:\n${output}`);
    assert.equal(status, 0, output.slice(-8000));
  });
});
