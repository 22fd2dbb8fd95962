import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { documents } from './stage.ts';

test('documents in the package link only to files in the package', () => {
  for (const name of documents) {
    const text = readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([\w./-]+\.(?:md|svg))(?:#[\w-]+)?\)/g))
      assert.ok(documents.includes(target.replace(/\.md$/, '')), `docs/${name}.md links to ${target}`);
  }
});
