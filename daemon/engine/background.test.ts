import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../host/log.ts';
import { inBackground } from './background.ts';

test('a failure of background work is logged with its container', async () => {
  const logged: unknown[] = [];
  const log = { error: (...line: unknown[]) => logged.push(line) } as unknown as Log;
  inBackground({ log }, { id: 'a' }, 'done', Promise.resolve());
  inBackground({ log }, { id: 'b' }, 'stopping failed', Promise.reject(new Error('broken')), {
    verb: 'stop',
  });
  await new Promise(setImmediate);
  assert.deepEqual(logged, [['stopping failed', { container: 'b', verb: 'stop', error: 'broken' }]]);
});
