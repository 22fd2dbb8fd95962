import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatList } from './list-format.ts';

const layout = { table: '{{.ID}}\t{{.Names}}', headings: { ID: 'CONTAINER ID' } };
const rows = [
  { ID: '1', Names: 'web', Label: (name: string) => `<${name}>` },
  { ID: '22222222222222', Names: 'ünï', Label: () => '' },
];

test('the table has aligned columns', () => {
  assert.deepEqual(formatList(rows, '', layout), [
    'CONTAINER ID     NAMES',
    '1                web',
    '22222222222222   ünï',
  ]);
});

test('an empty list prints only the heading', () => {
  assert.deepEqual(formatList([], '', layout), ['CONTAINER ID   NAMES']);
});

test('a custom table has labels', () => {
  assert.deepEqual(
    formatList(rows.slice(0, 1), 'table {{.Names}}\\t{{upper .ID}}\\t{{.Label "a.tier"}}', layout),
    ['NAMES   CONTAINER ID   tier', 'web     1              <a.tier>'],
  );
});

test('a list can be printed by a template or as JSON', () => {
  assert.deepEqual(formatList(rows, '{{.Names}}\\t{{.ID}}', layout), ['web\t1', 'ünï\t22222222222222']);
  assert.deepEqual(formatList(rows.slice(0, 1), 'json', layout), ['{"ID":"1","Names":"web"}']);
});

test('an unknown field is an error', () => {
  assert.throws(() => formatList(rows, '{{.Nmaes}}', layout), /there is no field \.Nmaes/);
});
