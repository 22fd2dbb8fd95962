import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globTest } from './glob.ts';

const cases: readonly (readonly [pattern: string, fits: readonly string[], others: readonly string[]])[] = [
  ['debian', ['debian'], ['debian2', 'a/debian', '']],
  ['*', ['debian', ''], ['a/b']],
  ['*/*', ['a/b', '/'], ['a', 'a/b/c']],
  ['deb*n', ['debian', 'debn'], ['debians', 'de/bn', 'deb/n']],
  ['*a*b', ['ab', 'xaxb', 'aab', 'abab'], ['ba', 'abx']],
  ['a?c', ['abc'], ['ac', 'a/c', 'abbc']],
  ['v[0-9].[^a-c]', ['v1.d', 'v9.0'], ['va.d', 'v1.a', 'v1.']],
  ['a\\*', ['a*'], ['ab', 'a']],
  ['a.b', ['a.b'], ['axb']],
  ['{a,b}', ['{a,b}'], ['a']],
  ['**', ['ab'], ['a/b']],
];

test('a pattern fits as in Docker: no star crosses a slash', () => {
  for (const [pattern, fits, others] of cases) {
    const test = globTest(pattern);
    for (const text of fits) assert.equal(test(text), true, `${pattern} ${text}`);
    for (const text of others) assert.equal(test(text), false, `${pattern} ${text}`);
  }
});

test('a pattern without its end is refused', () => {
  for (const pattern of ['[a', '[', '[]', '[]a]', '[^]', '[a-]', 'a\\', 'x/[a-'])
    assert.throws(() => globTest(pattern), { reason: 'BAD_ARGUMENT' }, pattern);
});

test('many stars take no time', () => {
  assert.equal(globTest(`${'*a'.repeat(1000)}b`)('a'.repeat(4000)), false);
});
