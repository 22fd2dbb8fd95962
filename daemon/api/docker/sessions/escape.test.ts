import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Escape } from './escape.ts';

const [p, q] = ['\x10', '\x11'];

test('the usual keys, in one piece and in two', () => {
  const found = new Escape('');
  assert.deepEqual(read(found, `a${p}`), ['a', false]);
  assert.deepEqual(read(found, q), ['', true]);
  assert.deepEqual(read(new Escape(''), `ab${p}${q}c`), ['ab', true]);
});

test('a beginning that is none is for the process', () => {
  assert.deepEqual(read(new Escape(''), `${p}x${p}${p}y`), [`${p}x${p}${p}y`, false]);
  assert.deepEqual(read(new Escape(''), `${p}${p}${q}`), [p, true]);
});

test('other keys, and what is no key', () => {
  assert.deepEqual(read(new Escape('a,ctrl-]'), 'xa\x1d'), ['x', true]);
  assert.throws(() => new Escape('ctrl-pp'), /not a key/);
});

function read(found: Escape, text: string): [string, boolean] {
  const { typed, isEscape } = found.read(Buffer.from(text));
  return [String(typed), isEscape];
}
