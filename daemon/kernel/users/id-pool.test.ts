import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { IdPool, inBoth, joined, without } from './id-pool.ts';

const size = 65_536;
const places = (start: number, count: number) =>
  Array.from({ length: count }, (_, index) => start + index * size);

suite('the pool of ids', () => {
  test('gives each place once, and then none', () => {
    const pool = new IdPool('a test', [
      { start: 100_000, count: 3 * size + 5 },
      { start: 1_000_000, count: 2 * size },
    ]);
    assert.equal(pool.size, 5);
    const taken: { start: number; count: number }[] = [];
    for (let start = pool.pick(taken); start !== null; start = pool.pick(taken))
      taken.push({ start, count: size });
    assert.deepEqual(
      taken.map(({ start }) => start).toSorted((a, b) => a - b),
      [...places(100_000, 3), ...places(1_000_000, 2)],
    );
    assert.equal(pool.free(taken), 0);
    assert.equal(pool.free(taken.slice(1)), 1);
    assert.equal(pool.pick(taken.slice(1)), taken[0]?.start);
  });

  test('draws from all that is free', () => {
    const pool = new IdPool('a test', [{ start: 0, count: 4 * size }]);
    const drawn = [0, 1, 2].map((number) => pool.pick([{ start: size, count: size }], () => number));
    assert.deepEqual(drawn, [0, 2 * size, 3 * size]);
  });

  test('never touches ids that are taken in part', () => {
    const pool = new IdPool('a test', [{ start: 100_000, count: 5 * size }]);
    const others = [
      { start: 100_000 + size - 1, count: 2 },
      { start: 100_000 + 3 * size, count: 1 },
      { start: 100_000 + 5 * size - 1, count: 10 * size },
      { start: 0, count: 100_000 },
    ];
    assert.equal(pool.free(others), 1);
    assert.equal(pool.pick(others), 100_000 + 2 * size);
  });

  test('a span that is too small has no place', () => {
    const pool = new IdPool('a test', [{ start: 0, count: size - 1 }]);
    assert.deepEqual([pool.size, pool.pick([])], [0, null]);
  });
});

test('spans that touch are one', () => {
  assert.deepEqual(
    joined([
      { start: 20, count: 10 },
      { start: 0, count: 10 },
      { start: 10, count: 5 },
      { start: 12, count: 1 },
    ]),
    [
      { start: 0, count: 15 },
      { start: 20, count: 10 },
    ],
  );
});

test('ids that are in both', () => {
  const one = [{ start: 0, count: 10 }];
  assert.deepEqual(inBoth(one, [{ start: 5, count: 100 }]), [{ start: 5, count: 5 }]);
  assert.deepEqual(inBoth(one, [{ start: 10, count: 5 }]), []);
});

test('places that others own are left out, and the rest keep their starts', () => {
  const whole = [{ start: 0, count: 6 * size }];
  assert.deepEqual(without(whole, []), whole);
  assert.deepEqual(without(whole, [{ start: size + 5, count: size }]), [
    { start: 0, count: size },
    { start: 3 * size, count: 3 * size },
  ]);
  assert.deepEqual(
    without(whole, [
      { start: 0, count: 1 },
      { start: 6 * size - 1, count: 100 },
    ]),
    [{ start: size, count: 4 * size }],
  );
  assert.deepEqual(without(whole, [{ start: 6 * size, count: 5 }]), whole);
  assert.deepEqual(without(whole, [{ start: 0, count: 2 ** 32 - 1 }]), []);
});
