// AppArmor needs a kernel with it: a virtual machine.
import { describe, test } from 'node:test';
import { requiresProgram } from '../harness/requires.ts';
import { machineTimeout, missing, runInVm, tellAll } from './vm.ts';

const { skip } = requiresProgram('apparmor_parser');

describe('labels of security modules', { skip: skip || missing() }, () => {
  test('in a machine with AppArmor', machineTimeout, async (t) => {
    await tellAll(t, await runInVm('v2', ['labels'], { kernel: 'lsm=apparmor' }), 8);
  });
});
