import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRestart } from './restart.ts';

test('a container with --rm cannot have a restart policy', () => {
  const always = { name: 'always', maxRetries: 0 } as const;
  assert.throws(() => checkRestart({ restart: always, autoRemove: true }, 'spec.restart'), {
    reason: 'BAD_ARGUMENT',
    field: 'spec.restart',
  });
  checkRestart({ restart: always, autoRemove: false }, 'spec.restart');
  checkRestart({ restart: { name: 'no', maxRetries: 0 }, autoRemove: true }, 'spec.restart');
});
