// Limits of an ordinary user's containers, where all controllers are on a cgroup v2 that was delegated to him: a virtual machine.
import { describe, test } from 'node:test';
import { requiresProgram } from '../harness/requires.ts';
import { machineTimeout, missing, runInVm, tellAll } from './vm.ts';

const { skip } = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');

describe('without root, on cgroup v2 alone', { skip: skip || missing() }, () => {
  test('limits, pause and kill in a delegated cgroup', machineTimeout, async (t) => {
    await tellAll(t, await runInVm('v2', ['rootless']), 4);
  });
});
