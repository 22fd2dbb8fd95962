// Tests of other files, with likerd and likerctl of an ordinary user. What takes a cgroup is skipped there, with the reason.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { requiresProgram } from './harness/requires.ts';

const needs = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv');
/** Processes, sessions, mounts, volumes, images, inits, files, system check, and the end of likerd or a shim. Others pass, too, and take longer: LIKER_TEST_USER=1 npm test -- FILE. */
const files = [
  'run',
  'terminal',
  'restart',
  'after-failure',
  'mounts',
  'overlay-mounts',
  'volumes',
  'images',
  'images-save',
  'import',
  'aci',
  'system-check',
  'image-containers',
  'inits',
  'files',
  'commit',
];

/** Runs the file in a process of its own, since a user for all of its tests is chosen by the environment. */
async function runFile(name: string): Promise<{ code: number | null; passed: number; failures: string }> {
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env;
  const flags = ['--disable-warning=ExperimentalWarning', '--test-reporter=spec', '--test-force-exit'];
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, `${name}.test.ts`)], {
    env: { ...env, LIKER_TEST_USER: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  const [, failures = ''] = output.split('failing tests:');
  return { code, passed: Number(/^ℹ pass (\d+)$/m.exec(output)?.[1] ?? 0), failures };
}

describe('an ordinary user', { ...needs, concurrency: 1 }, () => {
  for (const name of files)
    test(`passes the tests of ${name}`, async () => {
      const { code, passed, failures } = await runFile(name);
      assert.equal(code, 0, failures);
      assert.ok(passed > 0);
    });
});
