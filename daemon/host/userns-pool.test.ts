import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUsernsPool } from './userns-pool.ts';

test('a pool is a first and a last id, or a first id and a count', () => {
  assert.deepEqual(parseUsernsPool('600000-665535'), { start: 600_000, count: 65_536 });
  assert.deepEqual(parseUsernsPool('600000:131072'), { start: 600_000, count: 131_072 });
  assert.deepEqual(parseUsernsPool('524288-4294967294'), { start: 524_288, count: 4_294_443_007 });
});

test('what is no pool is refused with the reason', () => {
  for (const [text, why] of [
    ['', /START-END or START:COUNT/],
    ['600000', /START-END/],
    ['1e6-2e6', /START-END/],
    ['-5-600000', /START-END/],
    ['0:65536', /root on the host/],
    ['600000:65535', /fewer than 65536/],
    ['600000-500000', /fewer than 65536/],
    ['600000:4294967295', /beyond the last id/],
    ['600000-4294967295', /beyond the last id/],
  ] as const)
    assert.throws(() => parseUsernsPool(text), why, text);
});
