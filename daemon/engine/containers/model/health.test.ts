import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterProbe, endedHealth, type Health, newHealth, nextProbeMs } from './health.ts';
import type { HealthCheck } from './spec.ts';

const check: HealthCheck = {
  shell: 'true',
  args: [],
  intervalMs: 30_000,
  timeoutMs: 30_000,
  retries: 3,
  startPeriodMs: 0,
  startIntervalMs: 5_000,
  onFailure: 'restart',
};
const probe = (exitCode: number) => ({ startedAt: 1, endedAt: 2, exitCode, output: '' });
const state = (status: Health['status'], failingStreak = 0): Health => ({ status, failingStreak, log: [] });

/** before, exit code, [start period, age] -> after, action. */
const table: readonly [string, Health, number, [number, number], Health, string][] = [
  ['a first success', newHealth, 0, [0, 0], state('healthy'), 'none'],
  ['a first failure', newHealth, 1, [0, 0], state('starting', 1), 'none'],
  ['a failure below the limit', state('starting', 1), 1, [0, 0], state('starting', 2), 'none'],
  ['a failure that reaches the limit', state('starting', 2), 1, [0, 0], state('unhealthy', 3), 'restart'],
  ['a timeout', state('healthy', 2), -1, [0, 0], state('unhealthy', 3), 'restart'],
  ['a signal', state('healthy'), 139, [0, 0], state('healthy', 1), 'none'],
  ['a success between failures', state('healthy', 2), 0, [0, 0], state('healthy'), 'none'],
  ['a recovery', state('unhealthy', 7), 0, [0, 0], state('healthy'), 'none'],
  ['still unhealthy', state('unhealthy', 3), 1, [0, 0], state('unhealthy', 4), 'restart'],
  ['a failure in the start period', newHealth, 1, [1000, 999], newHealth, 'none'],
  ['a failure at the end of the start period', newHealth, 1, [1000, 1000], state('starting', 1), 'none'],
  ['a success in the start period', newHealth, 0, [1000, 1], state('healthy'), 'none'],
  [
    'a failure after a success, still in the start period',
    state('healthy'),
    1,
    [1000, 2],
    state('healthy', 1),
    'none',
  ],
];

for (const [name, before, exitCode, [startPeriodMs, lifeMs], after, action] of table) {
  test(name, () => {
    const verdict = afterProbe({ ...check, startPeriodMs }, before, { probe: probe(exitCode), lifeMs });
    assert.deepEqual(verdict, {
      health: { ...after, log: [probe(exitCode)] },
      changed: before.status !== after.status,
      action,
    });
  });
}

test('with one retry and no action, the first failure only makes the container unhealthy', () => {
  const once = { ...check, retries: 1, onFailure: 'none' } as const;
  const { health, action } = afterProbe(once, newHealth, { probe: probe(1), lifeMs: 0 });
  assert.deepEqual([health.status, action], ['unhealthy', 'none']);
});

test('the last five probes are kept, oldest first', () => {
  let health = newHealth;
  for (let code = 1; code <= 7; code++)
    health = afterProbe(check, health, { probe: probe(code), lifeMs: 0 }).health;
  assert.deepEqual(
    health.log.map(({ exitCode }) => exitCode),
    [3, 4, 5, 6, 7],
  );
});

test('probes run more often in the start period, until the first success', () => {
  const slow = { ...check, startPeriodMs: 60_000 };
  assert.equal(nextProbeMs(slow, newHealth, 0), 5_000);
  assert.equal(nextProbeMs(slow, newHealth, 60_000), 30_000);
  assert.equal(nextProbeMs(slow, state('healthy'), 0), 30_000);
  assert.equal(nextProbeMs(check, newHealth, 0), 30_000);
});

test('an ended container is not healthy, and keeps its probe log', () => {
  const { health } = afterProbe(check, newHealth, { probe: probe(0), lifeMs: 0 });
  assert.deepEqual(endedHealth(health), { ...health, status: 'unhealthy' });
});
