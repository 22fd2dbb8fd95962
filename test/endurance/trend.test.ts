import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grows, type Sample, trendOf } from './trend.ts';

/** Half an hour, a sample every ten seconds. */
function samples(value: (index: number) => number): Sample[] {
  return Array.from({ length: 180 }, (_, index) => ({ hours: index / 360, value: value(index) }));
}
/** Deterministic noise with a mean of zero. */
const noise = (index: number) => 20 * Math.sin(index * 7.3);

test('the slope is that of the line, and noise does not change it', () => {
  const { perHour, noise: around } = trendOf(samples((index) => 100 + index / 36));
  assert.ok(Math.abs(perHour - 10) < 1e-6 && around < 1e-6);
  assert.ok(Math.abs(trendOf(samples((index) => 100 + index / 36 + noise(index))).perHour - 10) < 3);
});

test('noise alone is not growth; a leak is, even below the noise', () => {
  assert.equal(grows(trendOf(samples(noise)), 0), false);
  assert.equal(grows(trendOf(samples((index) => noise(index) + index / 5)), 10), true);
  assert.equal(grows(trendOf(samples((index) => noise(index) + index / 5)), 100), false);
});
