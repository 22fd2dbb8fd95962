import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gaps } from './gaps.ts';

test('what is whole grows with the first part, and jumps over those that are complete behind it', () => {
  const gaps = new Gaps(5, 38, 10);
  const parts = [gaps.take(), gaps.take(), gaps.take(), gaps.take()] as const;
  const [a, b, c, d] = parts;
  assert.ok(a && b && c && d);
  assert.deepEqual(
    parts.map((part) => [part?.start, part?.end]),
    [
      [5, 15],
      [15, 25],
      [25, 35],
      [35, 38],
    ],
  );
  assert.equal(gaps.take(), null);
  const wholeAfter = (part: NonNullable<typeof a>, at: number): number => {
    gaps.note(part, at);
    return gaps.whole;
  };
  assert.equal(wholeAfter(b, 25), 5);
  assert.equal(wholeAfter(a, 7), 7);
  assert.equal(wholeAfter(c, 30), 7);
  assert.equal(wholeAfter(a, 15), 30);
  assert.equal(wholeAfter(d, 38), 30);
  assert.equal(wholeAfter(c, 35), 38);
});
