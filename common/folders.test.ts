import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './folders.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-folders-'));
test.after(() => rmSync(folder, { recursive: true }));
const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);

test('a folder has its mode, and the folders on the way can be passed', () => {
  const before = process.umask(0o077);
  try {
    makeFolder(join(folder, 'a/b/c'), 0o700);
  } finally {
    process.umask(before);
  }
  assert.deepEqual(['a', 'a/b', 'a/b/c'].map(modeOf), ['711', '711', '700']);
});

test('a folder that exists keeps its mode', () => {
  mkdirSync(join(folder, 'old'), { mode: 0o700 });
  makeFolder(join(folder, 'old'), 0o755);
  assert.equal(modeOf('old'), '700');
});

test('the error says what is in the way', () => {
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('nowhere', join(folder, 'link'));
  for (const [path, why] of [
    ['file', 'EEXIST: something that is not a folder is there'],
    ['file/b', 'ENOTDIR: something on the way is not a folder'],
    ['file/b/c', 'ENOTDIR: something on the way is not a folder'],
    ['link/b', 'ENOENT: a symbolic link on the way leads nowhere, or the file system there takes no folders'],
  ] as const)
    assert.throws(() => makeFolder(join(folder, path), 0o755), {
      reason: 'BAD_ARGUMENT',
      message: `Cannot create the folder '${join(folder, path)}': ${why}`,
    });
});
