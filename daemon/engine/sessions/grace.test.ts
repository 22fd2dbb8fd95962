import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../../test/harness/until.ts';
import { Grace } from './grace.ts';

test('a period that somebody waits for is over soon, though no client comes', async () => {
  const over = Promise.withResolvers<void>();
  const grace = new Grace(() => over.resolve());
  grace.open(24 * 60 * 60 * 1000);
  grace.hasten();
  await within('the period to end', over.promise);
  assert.deepEqual([grace.isOpen, grace.wasInVain], [false, true]);
});
