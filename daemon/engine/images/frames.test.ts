import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf } from './frames.ts';

const forEver = (): AbortSignal => new AbortController().signal;

test('all frames come in their order, and then the error of the work', async () => {
  const seen: number[] = [];
  const frames = framesOf<number>(async (push) => {
    push(1);
    push(2);
    await Promise.resolve();
    push(3);
    throw new Error('broken');
  }, forEver());
  await assert.rejects(async () => {
    for await (const frame of frames) seen.push(frame);
  }, /broken/);
  assert.deepEqual(seen, [1, 2, 3]);
});

test('a late reader gets the newest frame of each key', async () => {
  const frames = framesOf<string>(async (push) => {
    push('a1', 'a');
    push('b1', 'b');
    push('a2', 'a');
    push('end');
  }, forEver());
  assert.deepEqual(await Array.fromAsync(frames), ['b1', 'a2', 'end']);
});

test('when the reader leaves, the work is aborted and awaited', async () => {
  let isOver = false;
  const frames = framesOf<number>(async (push, signal) => {
    push(1);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    isOver = true;
  }, forEver());
  for await (const _frame of frames) break;
  assert.ok(isOver);
});
