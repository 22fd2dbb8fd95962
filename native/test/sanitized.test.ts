import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const native = join(import.meta.dirname, '..');
const sanitized = join(native, 'build/liker-shim-sanitized');
const suites = [
  'process',
  'terminal',
  'exec',
  'log',
  'failure',
  'init',
  'isolation',
  'namespace',
  'look-up-user',
  'intruder',
];
/** Where native/test/sanitizer.c puts the reports. */
const reports = '/tmp/liker-shim-sanitizer.*';
const run = promisify(execFile);

test('the tests pass with a shim under the address and undefined behaviour sanitizers', {
  skip: process.env['LIKER_SHIM'] !== undefined && 'another shim was asked for',
}, async () => {
  execFileSync('make', ['-s', '-C', native, 'sanitize']);
  for (const stale of globSync(reports)) rmSync(stale);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const files = suites.map((name) => join(import.meta.dirname, `${name}.test.ts`));
  const { stdout } = await run(process.execPath, ['--test', '--test-concurrency=1', ...files], {
    env: { ...env, LIKER_SHIM: sanitized },
    maxBuffer: 16 << 20,
  });
  assert.match(stdout, /^. fail 0$/m);
  assert.deepEqual(
    globSync(reports).map((file) => readFileSync(file, 'utf8')),
    [],
  );
});
