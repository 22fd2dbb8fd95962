import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pauseAfter, retry } from './retry.ts';

const pauses = { firstMs: 100, longestMs: 300 };

test('pauses double up to the maximum', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 2000].map((earlier) => pauseAfter(pauses, earlier)),
    [100, 200, 300, 300, 300],
  );
});

test('the first attempt follows the first pause, and the last is the one that returns true', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let attempts = 0;
  const done = retry(() => ++attempts === 3, pauses);
  const counts: number[] = [];
  for (const ms of [99, 1, 199, 1, 299, 1, 300]) {
    t.mock.timers.tick(ms);
    await nextTurn();
    counts.push(attempts);
  }
  assert.deepEqual(counts, [0, 1, 1, 2, 2, 3, 3]);
  await done;
});

test('an aborted signal ends it without another attempt', async () => {
  const signal = new AbortController();
  const done = retry(() => assert.fail('attempted'), { firstMs: 60_000, longestMs: 60_000 }, signal.signal);
  signal.abort();
  await done;
});

test('an error of the attempt ends it', async () => {
  const failing = retry(() => Promise.reject(new Error('broken')), { firstMs: 1, longestMs: 1 });
  await assert.rejects(failing, /broken/);
});
