// Test files in a machine that has only cgroup v2, and Linux 6.1. LIKER_TEST_VM: parts of the names of others than these.
// LIKER_TEST_MACHINE: 'qemu', where nftables are, and another cgroup layout: 'qemu v1', 'qemu hybrid'.
import { globSync } from 'node:fs';
import { describe, test } from 'node:test';
import { repository } from '../harness/daemon.ts';
import { idsRoot } from '../package/ids-root.ts';
import { type Machine, machineTimeout, missing, runFileInVm, tellAll } from './vm.ts';

const inEachRun = [
  'test/userns-flags.test.ts',
  'test/userns-debian.test.ts',
  'test/hostile/groups.test.ts',
  'test/explain.test.ts',
  'test/storage-opt.test.ts',
  'test/inits.test.ts',
];
/** Of files that take long there, what is run each time: a part of the names of its tests. All are run when LIKER_TEST_VM names the file. */
const selections: Readonly<Record<string, string>> = {
  'test/inits.test.ts': '--userns host systemd starts all',
};
const named = process.env['LIKER_TEST_VM']?.split(/[ ,]+/).filter(Boolean);
const isNamed = named !== undefined;
const wanted = named ?? inEachRun;
const files = globSync('{daemon,native,test}/**/*.test.ts', { cwd: repository, exclude: ['test/vm/**'] })
  .filter((file) => wanted.some((part) => file.includes(part)))
  .sort();
const [kernel = 'uml', layout = 'v2'] = process.env['LIKER_TEST_MACHINE']?.split(' ') ?? [];
const machine = { kernel, layout } as Machine;

describe(`in a machine of ${kernel} with cgroup ${layout}`, {
  concurrency: 1,
  skip: missing(machine),
}, () => {
  for (const file of files)
    test(file, machineTimeout, async (t) => {
      if (file === 'test/userns-debian.test.ts') await idsRoot();
      await tellAll(t, await runFileInVm(file, { machine, pattern: isNamed ? undefined : selections[file] }));
    });
});
