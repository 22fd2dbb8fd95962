import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { Run } from '../model/run.ts';
import { awaitStart, settleStart } from './pending-start.ts';

test('a start that hangs is abandoned, and its late result has no effect', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const container = await EngineFixture.start(t).create();
  const run = new Run();
  const quick = awaitStart(container, run, 1);
  settleStart(container, run, 1, null);
  await quick;
  const started = awaitStart(container, run, 0);
  t.mock.timers.tick(120_000);
  await assert.rejects(started, { reason: 'TIMED_OUT', message: /'web': it has been hanging/ });
  assert.equal(run.pendingStarts.has(0), false);
  settleStart(container, run, 0, null);
});
