import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ownTurn, turnToLook } from './turns.ts';

test('a hundred workers each get their own turn, in order', async () => {
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  count();
  const turns: number[] = [];
  const work = async (): Promise<void> => {
    await ownTurn();
    turns.push(turn);
  };
  await Promise.all(Array.from({ length: 100 }, work));
  counting = false;
  assert.deepEqual(
    turns,
    turns.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(turns).size, 100);
});

test('a task that only reads does not wait behind work', async () => {
  const order: string[] = [];
  const works = Array.from({ length: 50 }, () => ownTurn().then(() => order.push('work')));
  await Promise.all([...works, turnToLook().then(() => order.push('look'))]);
  assert.ok(order.indexOf('look') <= 2, order.join(' '));
});

test('an idle event loop gives a turn at once', async () => {
  await nextTurn();
  await nextTurn();
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await ownTurn();
  assert.equal(turned, false);
});
