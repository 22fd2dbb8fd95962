import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packagedLauncher } from './launchers.ts';

const top = join(import.meta.dirname, '../..');

for (const name of ['bin/likerd', 'bin/liker', 'scripts/ensure-daemon']) {
  test(`${name} can be packaged: it searches for nothing, and names no TypeScript file`, () => {
    const script = packagedLauncher(readFileSync(join(top, name), 'utf8'));
    assert.doesNotMatch(script, /node_modules|readlink|\.ts\b|compile-cache/);
    assert.match(script, /^node=\$top\/bin\/node$/m);
    execFileSync('sh', ['-n'], { input: script });
  });
}
