import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const native = join(import.meta.dirname, '..');

test('T15: whatever the files hold, who is found in them is there, and who is there is found', () => {
  execFileSync('make', ['-s', '-C', native, 'build/accounts']);
  execFileSync(join(native, 'build/accounts'), ['20000'], { stdio: ['ignore', 'inherit', 'inherit'] });
});
