import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseAfter } from '../../../loop/retry.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { memoryLedger } from '../../../test/memory-ledger.ts';
import type { EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { Container } from '../model/container.ts';
import type { Facts } from '../model/facts.ts';
import type { RestartPolicy } from '../model/spec.ts';
import { checkRestart } from '../rules/restart.ts';
import { restartByPolicy, restartPauses, wantsRestart } from './restart.ts';

function container(restart: RestartPolicy, facts: Partial<Facts> = {}, lifeMs = 0): Container {
  const made = new Container({
    id: 'a',
    createdAt: 1,
    spec: specOf({ restart }),
    phase: { state: 'created' },
    facts,
  });
  made.lifeMs = lifeMs;
  return made;
}

const exit = (code: number) => unseenExit(code, '', 1000);

test('what is removed at its end has no policy', () => {
  const always = { name: 'always', maxRetries: 0 } as const;
  assert.throws(() => checkRestart({ restart: always, autoRemove: true }, 'spec.restart'), {
    reason: 'BAD_ARGUMENT',
    field: 'spec.restart',
  });
  checkRestart({ restart: always, autoRemove: false }, 'spec.restart');
  checkRestart({ restart: { name: 'no', maxRetries: 0 }, autoRemove: true }, 'spec.restart');
});

test('no never restarts, always and unless-stopped do after any end', () => {
  assert.equal(wantsRestart(container({ name: 'no', maxRetries: 0 }), exit(1)), false);
  assert.equal(wantsRestart(container({ name: 'always', maxRetries: 0 }), exit(0)), true);
  assert.equal(wantsRestart(container({ name: 'unless-stopped', maxRetries: 0 }), exit(0)), true);
});

test('on-failure restarts after a failure, up to its bound in a row', () => {
  const policy = { name: 'on-failure', maxRetries: 2 } as const;
  assert.equal(wantsRestart(container(policy), exit(0)), false);
  assert.equal(wantsRestart(container(policy, { restartsInARow: 1 }), exit(3)), true);
  assert.equal(wantsRestart(container(policy, { restartsInARow: 2 }), exit(3)), false);
  // A life of ten seconds ends the row.
  assert.equal(wantsRestart(container(policy, { restartsInARow: 2 }, 10_000), exit(3)), true);
});

test('what its health check has ended comes back without a policy, but not when a call has stopped it', () => {
  const policy = { name: 'no', maxRetries: 0 } as const;
  assert.equal(wantsRestart(container(policy, { restartUnhealthy: true }), exit(0)), true);
  assert.equal(
    wantsRestart(container(policy, { restartUnhealthy: true, stopRequested: true }), exit(0)),
    false,
  );
});

test('what was stopped by a call stays down', () => {
  assert.equal(
    wantsRestart(container({ name: 'always', maxRetries: 0 }, { stopRequested: true }), exit(0)),
    false,
  );
});

test('all restarts are counted, and apart from them those in a row', () => {
  const steady = container({ name: 'always', maxRetries: 0 }, { restartCount: 5, restartsInARow: 3 }, 10_000);
  restartByPolicy({ ...memoryLedger() } as unknown as EngineContext, steady, exit(1));
  clearTimeout(steady.restartTimer ?? undefined);
  assert.deepEqual([steady.facts.restartCount, steady.facts.restartsInARow], [6, 1]);
});

test('the pauses double from a tenth of a second to a minute', () => {
  const pauses = Array.from({ length: 12 }, (_, restarts) => pauseAfter(restartPauses, restarts) / 100);
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
});
