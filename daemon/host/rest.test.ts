import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whenAtRest } from './rest.ts';

test('memory is released once after each period of work, and never during one', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  let work = 0;
  let given = 0;
  const timer = whenAtRest(
    () => work,
    1000,
    () => {
      given += 1;
    },
  );
  mock.timers.tick(10_000);
  assert.equal(given, 1, 'after the start');
  for (let second = 0; second < 10; second++) {
    work += 1;
    mock.timers.tick(1000);
  }
  assert.equal(given, 1, 'it works');
  mock.timers.tick(10_000);
  assert.equal(given, 2);
  clearInterval(timer);
});
