// The limits by their effect on pure v2, in a virtual machine with a kernel of its own, a disk and swap. It has one CPU.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { effectLine, effectRecords } from '../effects/table.ts';
import { missing, runInVm } from './vm.ts';

/** The machine has no more than one slow CPU. */
const isWanted = process.env['LIKER_VM_EFFECTS'] !== undefined;

test('limits by effect in a machine with cgroup v2 only', {
  skip:
    missing() ||
    (!isWanted && 'takes ten minutes and more; LIKER_VM_EFFECTS=1 runs it, as npm run endurance does'),
  timeout: 960_000,
}, async (t) => {
  const more = ['-d', '1024', '-s', '256'];
  const { told, output, status } = await runInVm('v2', ['test/limits-effect.test.ts'], more);
  for (const { name, passed, skipped, details } of told) {
    await t.test(name, { skip: skipped === '' ? false : skipped }, () =>
      assert.ok(passed, details.join('\n')),
    );
  }
  const file = process.env['LIKER_EFFECTS'];
  const records = effectRecords(output);
  if (file !== undefined) appendFileSync(file, records.map((record) => `${effectLine(record)}\n`).join(''));
  assert.ok(records.length > 30, `too few limits were tried:\n${output}`);
  assert.ok(told.length > 20, `too few tests were run:\n${output}`);
  assert.equal(status, 0, output.slice(-8000));
});
