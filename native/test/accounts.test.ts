import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const native = join(import.meta.dirname, '..');

test('T15: whatever the files contain, exactly the entries in them are found', () => {
  execFileSync('make', ['-s', '-C', native, 'build/accounts']);
  execFileSync(join(native, 'build/accounts'), ['20000'], { stdio: ['ignore', 'inherit', 'inherit'] });
});
