import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { steps } from './steps.ts';

test('steps have the same numbers in TypeScript and in C', () => {
  const list = readFileSync(join(import.meta.dirname, '../../../native/include/steps.def'), 'utf8');
  const inC = [...list.matchAll(/^STEP \((\d+), (\w+)\)/gm)].map(([, kind, name = '']) => {
    return [name.replaceAll('_', '-'), Number(kind)];
  });
  const here = Object.entries(steps).map(([name, [kind]]) => [name, kind]);
  assert.deepEqual(Object.fromEntries(here), Object.fromEntries(inC));
});
