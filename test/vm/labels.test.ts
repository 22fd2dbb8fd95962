// AppArmor needs a kernel with it: a virtual machine.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requiresProgram } from '../harness/requires.ts';
import { machineTimeout, missing, runInVm } from './vm.ts';

const { skip } = requiresProgram('apparmor_parser');

describe('labels of security modules', { skip: skip || missing() }, () => {
  test('in a machine with AppArmor', machineTimeout, async (t) => {
    const { told, output, status } = await runInVm('v2', ['labels'], { kernel: 'lsm=apparmor' });
    for (const { name, passed, skipped, details } of told)
      await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
        assert.ok(passed, details.join('\n')),
      );
    assert.ok(told.length >= 8, `too few tests were run:\n${output}`);
    assert.equal(status, 0, output.slice(-8000));
  });
});
