import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { collectEnv, collectLabels } from './env.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-env-'));
after(() => rmSync(folder, { recursive: true }));

function file(text: string | Buffer): string {
  const path = join(folder, 'env');
  writeFileSync(path, text);
  return path;
}

test("variables come from files, then from flags; a bare NAME takes its value from likerctl's environment", () => {
  const path = file('\uFEFF# comment\n\nA=1\nB=a b = c \r\n  C=indented\nHOME\nUNSET\n');
  assert.deepEqual(collectEnv([path], ['A=2', 'TERM', 'NONE', 'E='], { HOME: '/h', TERM: 'xterm' }), [
    'A=1',
    'B=a b = c ',
    'C=indented',
    'HOME=/h',
    'A=2',
    'TERM=xterm',
    'E=',
  ]);
});

test('a variable without a name, or with a blank in its name, is refused', () => {
  assert.throws(() => collectEnv([], ['=x']), /it has no name/);
  assert.throws(() => collectEnv([file('A B=1\n')], []), /has a blank in its name/);
});

test('a file that cannot be read: the error has its path, the errno, its meaning and what to do', () => {
  assert.throws(() => collectEnv(['./none'], []), {
    message: "Cannot read --env-file './none': ENOENT: there is no such file; check the path",
  });
  assert.throws(() => collectLabels([folder], []), {
    message: `Cannot read --label-file '${folder}': EISDIR: it is a directory; give a file`,
  });
});

test('a line that is not UTF-8 is refused by its number, and an inherited value by its name', () => {
  const path = file(Buffer.from('A=gr\u00fcn\nB=gr\u00fcn\n', 'latin1'));
  assert.throws(
    () => collectEnv([path], []),
    /^LikerError: Cannot read --env-file '\/.*env': line 1 is not UTF-8; convert/,
  );
  const third = file(Buffer.concat([Buffer.from('A=gr\u00fcn\n\n'), Buffer.from('x=\xff', 'latin1')]));
  assert.throws(() => collectLabels([third], []), /--label-file .*: line 3 is not UTF-8/);
  assert.deepEqual(collectEnv([file('A=\uFFFD\n')], []), ['A=\uFFFD']);
});

test('labels come from files and flags', () => {
  assert.deepEqual(collectLabels([file('a=1\nb\n')], ['a=2', 'c=x=y']), { a: '2', b: '', c: 'x=y' });
});
