// Short commands that Bun runs (docs/adr/0058).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { environment, program } from './harness/likerctl.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const skip = !existsSync(join(repository, 'dist/likerctl')) && 'needs Bun, which npm could not install';

test('version runs on Bun, and on Node.js with LIKER_RUNTIME=node', { skip }, async () => {
  const answers = await Promise.all(
    ['', 'bun', 'node'].map((name) => s.likerctl(['version'], { env: { LIKER_RUNTIME: name } })),
  );
  assert.deepEqual(
    answers.map(({ stdout }) => /^ (Bun|Node) version/m.exec(stdout)?.[1]),
    ['Bun', 'Bun', 'Node'],
  );
  const { code, stderr } = await s.likerctl(['version'], { env: { LIKER_RUNTIME: 'deno' } });
  assert.deepEqual([code, stderr], [125, 'likerctl: Cannot use LIKER_RUNTIME=deno: give bun or node\n']);
});

test('nothing in the environment or the working directory changes what runs', { skip }, async () => {
  const cwd = s.folder('bun');
  writeFileSync(join(cwd, '.env'), 'LIKER_WIRE=none\n');
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./other.ts"]\n');
  writeFileSync(join(cwd, 'other.ts'), 'console.log("other"); process.exit(3);\n');
  const env = { BUN_BE_BUN: '1', BUN_OPTIONS: '--preload ./other.ts' };
  const { code, stdout, stderr } = await s.likerctl(['ps', '-aq'], { cwd, env });
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
});

test('ps works in a directory that was deleted', { skip }, async () => {
  const command = `mkdir gone && cd gone && rmdir ../gone && exec ${program} ps -aq`;
  assert.equal(
    execFileSync('bash', ['-c', command], {
      cwd: s.folder('deleted'),
      env: environment(s.daemon),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
    '',
  );
});
