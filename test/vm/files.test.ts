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
];
const wanted = process.env['LIKER_TEST_VM']?.split(/[ ,]+/).filter(Boolean) ?? inEachRun;
const files = globSync('test/**/*.test.ts', { cwd: repository, exclude: ['test/vm/**'] })
  .filter((file) => wanted.some((part) => file.includes(part)))
  .sort();

describe('in a machine that has only cgroup v2', { concurrency: 1, skip: missing() }, () => {
  for (const file of files)
    test(file, machineTimeout, async (t) => {
      if (file === 'test/userns-debian.test.ts') await idsRoot();
      const { told, output, status } = await runFileInVm(file);
      for (const { name, passed, skipped, details } of told)
        await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
          assert.ok(passed, details.join('\n')),
        );
      assert.ok(told.length > 0, `no test was run:\n${output}`);
      assert.equal(status, 0, output.slice(-8000));
    });
});
