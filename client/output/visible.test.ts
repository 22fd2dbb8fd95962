import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoted, toJson, visible } from './visible.ts';

for (const [text, shown] of [
  ['plain é 日本 👨‍👩‍👧 \\n', 'plain é 日本 👨‍👩‍👧 \\n'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\a'],
  ['a\r\n\tb\x00\x7f', 'a\\r\\n\\tb\\x00\\x7f'],
  ['C1 \x9b31m\x85', 'C1 \\u009b31m\\u0085'],
  ['\u202egpj.exe\u2066\u200f\u061c', '\\u202egpj.exe\\u2066\\u200f\\u061c'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['half \ud800 of a pair', 'half \\ud800 of a pair'],
] as const) {
  test(`text is shown as ${shown}`, () => {
    assert.equal(visible(text), shown);
    assert.equal(visible(shown), shown);
    assert.equal(JSON.parse(toJson(text)), text);
    assert.equal(visible(toJson(text)), toJson(text));
  });
}

test('JSON keeps its layout and its meaning', () => {
  const value = { 'k\x9b': ['a\n\u202e', null], n: 1 };
  assert.equal(toJson(value, 2), '{\n  "k\\u009b": [\n    "a\\n\\u202e",\n    null\n  ],\n  "n": 1\n}');
  assert.deepEqual(JSON.parse(toJson(value)), value);
  assert.equal(toJson(undefined), 'null');
});

test('quoted text looks as Docker prints a command', () => {
  // As docker ps 28.2.2 prints it.
  assert.equal(
    quoted(`bash -c 'x"y\\z\x1b[31m' \n\x7f \x9b \u202e é日本 \u00a0 \u200d`),
    `"bash -c 'x\\"y\\\\z\\x1b[31m' \\n\\x7f \\u009b \\u202e é日本 \\u00a0 \\u200d"`,
  );
});
