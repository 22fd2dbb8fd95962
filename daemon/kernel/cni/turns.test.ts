import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkTurns } from './turns.ts';

test('GC waits for calls of its network, and later calls wait for it; those of other networks do not', async () => {
  const turns = new NetworkTurns();
  const seen: string[] = [];
  const work = (name: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return {
      begin: async (): Promise<void> => {
        seen.push(name);
        await promise;
        seen.push(`${name} ends`);
      },
      end: resolve,
    };
  };
  const [before, gc, after, other] = ['before', 'gc', 'after', 'other'].map(work) as [
    ReturnType<typeof work>,
    ReturnType<typeof work>,
    ReturnType<typeof work>,
    ReturnType<typeof work>,
  ];
  const all = [
    turns.beside('blue', before.begin),
    turns.alone('blue', gc.begin),
    turns.beside('blue', after.begin),
    turns.beside('red', other.begin),
  ];
  for (const one of [other, before, gc, after]) one.end();
  await Promise.all(all);
  assert.deepEqual(
    seen.filter((word) => !word.startsWith('other')),
    ['before', 'before ends', 'gc', 'gc ends', 'after', 'after ends'],
  );
  assert.deepEqual(seen.slice(0, 2), ['before', 'other']);
});

test('GC that fails keeps no call waiting', async () => {
  const turns = new NetworkTurns();
  const failing = turns.alone('blue', async () => {
    throw new Error('no GC');
  });
  await assert.rejects(failing, /no GC/);
  assert.equal(await turns.beside('blue', async () => 'done'), 'done');
});
