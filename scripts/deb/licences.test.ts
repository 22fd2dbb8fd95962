import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyright } from './licences.ts';

const top = join(import.meta.dirname, '../..');
const text = copyright(top);

test("the file has Liker's licence and that of every dependency", () => {
  assert.ok(text.includes(readFileSync(join(top, 'LICENSE'), 'utf8').trim()));
  assert.match(text, /^GNU C Library.*LGPL-2\.1/m);
  // The compiled half of koffi, whose licence is included, and Bun.
  assert.match(text, /^JavaScriptCore.*LGPL-2\.0/m);
  const [, without = ''] = /((?:.+\n)+)\nNo licence text/.exec(text) ?? [];
  assert.match(without, /^-+\n(@(koromix\/koffi|oven\/bun)-linux-.*\n)+$/);
});

test('a licence that Debian has in /usr/share/common-licenses is given as a reference', () => {
  assert.ok(!text.includes('TERMS AND CONDITIONS FOR USE'));
  for (const name of ['Apache-2.0', 'LGPL-2.1'])
    assert.ok(text.includes(`/usr/share/common-licenses/${name}`));
});
