import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steadyMs } from '../../../loop/sync.ts';
import { afterStart, begin, beginStart, graceLeft, startEvents, unlessRemoved } from './begun.ts';

const main = { pid: 7, startTime: '100' };
const ending = (killAt: number | null) => ({ main, signal: 15, graceMs: 4000, killAt });

test('the rest of a grace period continues, is never longer than it was, and may have expired', () => {
  assert.equal(graceLeft(ending(null)), 4000);
  const left = graceLeft(ending(steadyMs() + 1500));
  assert.ok(left > 0 && left <= 1500, String(left));
  assert.equal(graceLeft(ending(steadyMs() - 60_000)), 0);
  // From a boot whose clock had run for longer.
  assert.equal(graceLeft(ending(steadyMs() + 1e9)), 4000);
});

test('a start settles every begun operation except a removal and the end of the run that it started', () => {
  assert.equal(afterStart(begin('start')), null);
  assert.equal(afterStart(begin('restart')), null);
  assert.deepEqual(afterStart(begin('remove'), main), begin('remove'));
  const stop = begin('stop', ending(null));
  assert.equal(afterStart(stop, main), stop);
  assert.equal(afterStart(stop, { ...main, startTime: '101' }), null);
  assert.equal(afterStart(null, main), null);
});

test('a stop or restart that runs before a removal leaves the removal begun', () => {
  assert.deepEqual(unlessRemoved(begin('remove'), begin('stop', ending(null))), begin('remove'));
  assert.deepEqual(unlessRemoved(begin('start'), begin('restart')), begin('restart'));
});

test('the start half of a restart is a start, and says that it belongs to the restart', () => {
  assert.deepEqual(beginStart(begin('restart'), true), { verb: 'restart', ending: null, again: true });
  assert.deepEqual(beginStart(null, false), begin('start'));
  assert.deepEqual(beginStart(begin('remove'), false), begin('remove'));
  assert.deepEqual(
    startEvents(begin('restart')).map(({ action }) => action),
    ['start', 'restart'],
  );
  assert.deepEqual(
    startEvents(begin('start')).map(({ action }) => action),
    ['start'],
  );
});
