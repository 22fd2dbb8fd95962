import assert from 'node:assert/strict';
import { test } from 'node:test';
import { together } from './together.ts';

const never = new AbortController().signal;

test('results come in the order of the items', async () => {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const both = together(
    [first, second],
    async ({ promise }) => {
      await promise;
      return promise === first.promise ? 1 : 2;
    },
    never,
  );
  second.resolve();
  first.resolve();
  assert.deepEqual(await both, [1, 2]);
});

test('the first failure ends the others, and is thrown when they have ended', async () => {
  const ended: string[] = [];
  const work = async (item: string, signal: AbortSignal): Promise<void> => {
    if (item === 'bad') throw new Error('bad');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await Promise.resolve();
    ended.push(item);
    signal.throwIfAborted();
  };
  await assert.rejects(together(['a', 'bad', 'b'], work, never), /^Error: bad$/);
  assert.deepEqual(ended, ['a', 'b']);
});

test('an abort from outside is thrown', async () => {
  const stop = new AbortController();
  const waiting = together(
    ['a'],
    (_, signal) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
    stop.signal,
  );
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /^Error: enough$/);
});
