import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LikerError, reasons } from './errors.ts';

test('docs/errors.md lists exactly the reasons that exist, each with its status', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([A-Z_]+) \| ([A-Z_]+) \|/gm)].map((match) => [match[1], match[2]]);
  assert.deepEqual(Object.fromEntries(rows), { ...reasons });
});

test('an error has a status and keeps its cause', () => {
  const cause = new Error('deep');
  const error = new LikerError('NAME_TAKEN', 'Taken', { cause, metadata: { name: 'web' } });
  assert.equal(error.status, 'ALREADY_EXISTS');
  assert.equal(error.cause, cause);
  assert.deepEqual(error.metadata, { name: 'web' });
});
