// Test files of test/ in a machine that has only cgroup v2, and Linux 6.1. LIKER_TEST_VM: parts of the names of others than these.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, test } from 'node:test';
import { repository } from '../harness/daemon.ts';
import { idsRoot } from '../package/ids-root.ts';
import { machineTimeout, missing, runFileInVm } from './vm.ts';

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
const files = globSync('test/**/*.test.ts', { cwd: repository, exclude: ['test/vm/**'] })
  .filter((file) => wanted.some((part) => file.includes(part)))
  .sort();

describe('in a machine that has only cgroup v2', { concurrency: 1, skip: missing() }, () => {
  for (const file of files)
    test(file, machineTimeout, async (t) => {
      if (file === 'test/userns-debian.test.ts') await idsRoot();
      const { told, output, status } = await runFileInVm(file, isNamed ? undefined : selections[file]);
      for (const { name, passed, skipped, details } of told)
        await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
          assert.ok(passed, details.join('\n')),
        );
      assert.ok(told.length > 0, `no test was run:\n${output}`);
      assert.equal(status, 0, output.slice(-8000));
    });
});
