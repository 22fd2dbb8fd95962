import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { Container } from '../model/container.ts';
import { awaitStart } from './shim-listener.ts';

test('a start that hangs is given up, and what comes of it later settles nothing', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const container = { id: 'x', name: 'web', pendingStarts: new Map() } as unknown as Container;
    const quick = awaitStart(container, 1);
    container.pendingStarts.get(1)?.resolve();
    await quick;
    const started = awaitStart(container, 0);
    mock.timers.tick(120_000);
    await assert.rejects(
      started,
      (error) =>
        error instanceof LikerError && error.reason === 'TIMED_OUT' && /'web': it hangs/.test(error.message),
    );
    assert.equal(container.pendingStarts.has(0), false);
  } finally {
    mock.timers.reset();
  }
});
