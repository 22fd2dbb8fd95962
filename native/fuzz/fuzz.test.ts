// libFuzzer on the C code that reads bytes of others: plans, frames, files of the container. Without LIKER_FUZZ_SECONDS, the kept inputs
// are replayed, and some thousand mutations of them that are the same in every run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { requiresProgram } from '../../test/harness/requires.ts';
import { build, fillCorpus, type Target, targets } from './targets.ts';

const seconds = Number(process.env['LIKER_FUZZ_SECONDS'] ?? 0);
const effort = seconds > 0 ? [`-max_total_time=${seconds}`] : ['-seed=1', '-runs=5000'];

/** Ends with an error that has the input in base64, for the kept ones, if the fuzzer has found something. */
function run(target: Target): string {
  const found = `${target.program}.found`;
  rmSync(found, { force: true });
  const options = [...effort, '-timeout=20', '-max_len=4096', `-exact_artifact_path=${found}`];
  const { status, stderr } = spawnSync(target.program, [...options, target.corpus], {
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) {
    const input = existsSync(found) ? readFileSync(found).toString('base64') : 'none';
    assert.fail(`${target.name} fails with the input ${input} (base64)\n${stderr.slice(-6000)}`);
  }
  return /^Done .*/m.exec(stderr)?.[0] ?? stderr;
}

describe('fuzzing', requiresProgram('clang'), () => {
  before(build, { timeout: 600_000 });

  for (const target of targets) {
    test(`whatever bytes come: ${target.name}`, (t) => {
      assert.ok(fillCorpus(target) > 0, 'it has kept inputs');
      t.diagnostic(run(target));
    });
  }
});
