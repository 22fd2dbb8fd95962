import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

const native = join(import.meta.dirname, '..');
const sanitized = join(native, 'build/liker-shim-sanitized');
/** What each sanitized program has its own suites for. */
const shimSuites = [
  'process',
  'terminal',
  'exec',
  'log',
  'failure',
  'init',
  'held-program',
  'isolation',
  'namespace',
  'user-namespace',
  'look-up-user',
  'network',
  'volume',
  'intruder',
  'client',
];
const unpackSuites = [
  'unpack',
  'unpack-archives',
  'unpack-names',
  'unpack-whiteouts',
  'recipe',
  'pack-diff',
  'tree',
];
const unpackEnv = {
  LIKER_UNPACK: join(native, 'build/liker-unpack-sanitized'),
  LIKER_PACK: join(native, 'build/liker-pack-sanitized'),
  LIKER_TREE: join(native, 'build/liker-tree-sanitized'),
};
const resolverSuites = ['resolver', 'resolver-restarts', 'resolver-egress'];
const resolverEnv = { LIKER_RESOLVER: join(native, 'build/liker-resolver-sanitized') };
/** Where native/test/sanitizer.c puts the reports. */
const reports = join(native, 'build/sanitizer-report.*');

/** Below the limits of scripts/run-tests.ts, so that a hang is reported by the inner test, or at least by its suite. */
const innerTestMs = 50_000;
const suiteMs = 110_000;

/** The exit code of a suite, or its signal, and what it printed. */
function runSuite(
  name: string,
  programs: Readonly<Record<string, string>>,
): Promise<{ readonly ended: number | string; readonly output: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--test', '--test-reporter=spec', `--test-timeout=${innerTestMs}`, '--test-force-exit'];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args, join(import.meta.dirname, `${name}.test.ts`)],
      { env: { ...env, ...programs }, maxBuffer: 16 << 20, timeout: suiteMs },
      (error, stdout, stderr) =>
        resolve({ ended: error?.signal ?? error?.code ?? 0, output: `${stdout}${stderr}` }),
    );
  });
}

/** The details of the tests that failed; of a suite that did not get to its summary, everything. */
function failuresIn(output: string): string {
  const summary = output.indexOf('✖ failing tests:');
  return summary < 0 ? output : output.slice(summary);
}

function takeReports(): string {
  const files = globSync(reports);
  const text = files.map((file) => `${file}:\n${readFileSync(file, 'utf8')}`).join('\n');
  for (const file of files) rmSync(file);
  return text;
}

describe('under the address and undefined behaviour sanitizers', {
  skip: process.env['LIKER_SHIM'] !== undefined && 'another shim was asked for',
}, () => {
  before(() => {
    execFileSync('make', ['-s', '-C', native, 'sanitize']);
    takeReports();
  });

  const all = [
    ...shimSuites.map((name) => ({ name, programs: { LIKER_SHIM: sanitized } })),
    ...unpackSuites.map((name) => ({ name, programs: unpackEnv })),
    ...resolverSuites.map((name) => ({ name, programs: resolverEnv })),
  ];
  for (const { name, programs } of all)
    test(`${name}.test.ts passes and nothing is reported`, async () => {
      const { ended, output } = await runSuite(name, programs);
      const told = `${takeReports()}${failuresIn(output)}`;
      assert.equal(ended, 0, `${name}.test.ts ended with ${ended}\n${told}`);
      assert.match(output, /^ℹ pass [1-9]/m, told);
      assert.match(output, /^ℹ fail 0$/m, told);
    });
});
