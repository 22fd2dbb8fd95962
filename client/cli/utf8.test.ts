import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const main = join(import.meta.dirname, '../main.ts');

/** likerctl without a daemon; a shell makes bytes that no string of Node.js has. */
function run(script: string): { readonly status: number | null; readonly stderr: string } {
  const words = ['-c', script, process.execPath, main];
  const env = { ...process.env, LIKER_HOST: 'unix:///nowhere/liker.sock' };
  const { status, stderr } = spawnSync('/bin/sh', words, { encoding: 'utf8', env });
  return { status, stderr };
}

test('an argument that is not UTF-8 is refused by its number instead of being changed', () => {
  const { status, stderr } = run(`exec "$0" --no-warnings "$1" run / echo "$(printf 'gr\\374n')"`);
  assert.equal(status, 125);
  assert.match(stderr, /^likerctl: argument 4, 'gr\uFFFDn', is not UTF-8: .*\nSee 'likerctl --help'\n$/);
});

test('an environment variable whose value is not UTF-8 is refused by its name', () => {
  const { status, stderr } = run(`A="$(printf 'gr\\374n')" exec "$0" --no-warnings "$1" run -e A / true`);
  assert.equal(status, 125);
  assert.equal(stderr, "likerctl: Cannot pass on the variable 'A': its value is not UTF-8\n");
});

test('U+FFFD itself is ordinary text', () => {
  const { stderr } = run(`A=\uFFFD exec "$0" --no-warnings "$1" run -e A / echo \uFFFD`);
  assert.match(stderr, /^likerctl: Cannot reach likerd/);
});
