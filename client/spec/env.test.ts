import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { collectEnv, collectLabels } from './env.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-env-'));
after(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'env');
  writeFileSync(path, text);
  return path;
}

test('variables come from files, then from flags; NAME alone takes the own value', () => {
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

test('a variable without a name, or with a blank in it, is refused', () => {
  assert.throws(() => collectEnv([], ['=x']), /it has no name/);
  assert.throws(() => collectEnv([file('A B=1\n')], []), /has a blank in its name/);
  assert.throws(() => collectEnv([join(folder, 'none')], []), /Cannot read --env-file .*: ENOENT/);
});

test('labels', () => {
  assert.deepEqual(collectLabels([file('a=1\nb\n')], ['a=2', 'c=x=y']), { a: '2', b: '', c: 'x=y' });
});
