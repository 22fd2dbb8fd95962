import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from './semaphore.ts';

test('tasks are admitted a few at a time, in order', async () => {
  const places = new Semaphore(3);
  const entered: number[] = [];
  let inside = 0;
  let most = 0;
  const visit = async (_: unknown, index: number): Promise<void> => {
    using _place = await places.enter();
    entered.push(index);
    inside += 1;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, visit));
  assert.deepEqual(
    entered,
    Array.from({ length: 20 }, (_, index) => index),
  );
  assert.equal(most, 3);
});

test('a task that takes long gives up its place once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const places = new Semaphore(1, { longestMs: 100 });
  const slow = await places.enter();
  const waiting = [places.enter(), places.enter()];
  let entered = 0;
  for (const place of waiting) void place.then(() => (entered += 1));
  t.mock.timers.tick(99);
  await new Promise(setImmediate);
  assert.equal(entered, 0);
  t.mock.timers.tick(1);
  await new Promise(setImmediate);
  assert.equal(entered, 1);
  slow[Symbol.dispose]();
  await new Promise(setImmediate);
  assert.equal(entered, 1);
});

test('a task that fails gives its place to the next', async () => {
  const one = new Semaphore(1);
  const order: string[] = [];
  const failing = one.run(async () => {
    order.push('first');
    throw new Error('broken');
  });
  const next = one.run(async () => order.push('second'));
  await assert.rejects(failing, /broken/);
  await next;
  assert.deepEqual(order, ['first', 'second']);
});
