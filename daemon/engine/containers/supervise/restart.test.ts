import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { pauseAfter } from '../../../loop/retry.ts';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { inTurn } from '../life/turn.ts';
import { Container } from '../model/container.ts';
import type { Facts } from '../model/facts.ts';
import type { RestartPolicy } from '../model/spec.ts';
import { killContainer } from '../verbs/kill.ts';
import { stopContainer } from '../verbs/stop.ts';
import { restartPauses, wantsRestart } from './restart.ts';

/** A container that has ended and waits for its restart. */
async function waiting(t: TestContext) {
  const engine = EngineFixture.start(t);
  const container = await engine.started({ restart: { name: 'always' } });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await endsAgain(engine, container);
  return { engine, container };
}

async function endsAgain(engine: EngineFixture, container: Container): Promise<void> {
  engine.host.shim(container.id).exit();
  await reaches(container, 'restarting');
}

function reaches(container: Container, state: Container['phase']['state']): Promise<boolean> {
  return container.changed.until(() => container.phase.state === state, 1000);
}

test('a container restarts after a pause, which grows with each consecutive exit', async (t) => {
  const { engine, container } = await waiting(t);
  t.mock.timers.tick(99);
  assert.equal(container.phase.state, 'restarting');
  t.mock.timers.tick(1);
  await reaches(container, 'running');
  await endsAgain(engine, container);
  t.mock.timers.tick(199);
  assert.equal(container.phase.state, 'restarting');
  t.mock.timers.tick(1);
  await reaches(container, 'running');
  assert.deepEqual(engine.actions(), ['create', 'start', 'die', 'start', 'die', 'start']);
  assert.deepEqual([container.facts.restartCount, container.facts.restartsInARow], [2, 2]);
});

test('a long run resets the count of consecutive restarts, and not the total', async (t) => {
  const { engine, container } = await waiting(t);
  t.mock.timers.tick(100);
  await reaches(container, 'running');
  assert.ok(container.run);
  container.run.startedSteadyMs = performance.now() - 10_000;
  await endsAgain(engine, container);
  assert.deepEqual([container.facts.restartCount, container.facts.restartsInARow], [2, 1]);
});

for (const [what, end] of [
  [
    'a stop',
    (engine, container) => stopContainer(engine.context, container, { timeoutSeconds: 0, signal: null }),
  ],
  ['SIGKILL', (engine, container) => killContainer(engine.context, container, 9, { scope: 'main' })],
] satisfies [string, (engine: EngineFixture, container: Container) => Promise<void>][])
  test(`${what} cancels the pending restart`, async (t) => {
    const { engine, container } = await waiting(t);
    await end(engine, container);
    assert.equal(container.phase.state, 'exited');
    t.mock.timers.tick(60_000);
    await new Promise(setImmediate);
    assert.equal(container.phase.state, 'exited');
    assert.equal(engine.host.shims.size, 1);
  });

test('a start that fails because a resource is exhausted is retried, and others are not', async (t) => {
  const { engine, container } = await waiting(t);
  const { create } = engine.host.cgroups;
  let reason: 'TOO_MANY' | 'LIMIT_REFUSED' = 'TOO_MANY';
  t.mock.method(engine.host.cgroups, 'create', async (...how: Parameters<typeof create>) => {
    throw new LikerError(reason, `Cannot make ${how[0]}`);
  });
  const failed = (times: number) =>
    container.changed.until(
      () => engine.actions().filter((one) => one === 'start_failed').length === times,
      1000,
    );
  t.mock.timers.tick(100);
  await failed(1);
  await reaches(container, 'restarting');
  reason = 'LIMIT_REFUSED';
  t.mock.timers.tick(200);
  await failed(2);
  await new Promise(setImmediate);
  assert.equal(container.phase.state, 'exited');
});

test('policies start nothing once likerd stops all containers', async (t) => {
  const { engine, container } = await waiting(t);
  engine.context.stopping.abort();
  t.mock.timers.tick(100);
  await inTurn(engine.context, container);
  assert.equal(container.phase.state, 'restarting', 'the next likerd starts it');
  assert.deepEqual(engine.actions(), ['create', 'start', 'die']);
});

function ended(restart: RestartPolicy, facts: Partial<Facts> = {}, lifeMs = 0): Container {
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

test('no never restarts; always and unless-stopped restart after any exit', () => {
  assert.equal(wantsRestart(ended({ name: 'no', maxRetries: 0 }), exit(1)), false);
  assert.equal(wantsRestart(ended({ name: 'always', maxRetries: 0 }), exit(0)), true);
  assert.equal(wantsRestart(ended({ name: 'unless-stopped', maxRetries: 0 }), exit(0)), true);
});

test('on-failure restarts after a failure, up to its limit of consecutive ones', () => {
  const policy = { name: 'on-failure', maxRetries: 2 } as const;
  assert.equal(wantsRestart(ended(policy), exit(0)), false);
  assert.equal(wantsRestart(ended(policy, { restartsInARow: 1 }), exit(3)), true);
  assert.equal(wantsRestart(ended(policy, { restartsInARow: 2 }), exit(3)), false);
  // A life of ten seconds ends the row.
  assert.equal(wantsRestart(ended(policy, { restartsInARow: 2 }, 10_000), exit(3)), true);
});

test('a container that its health check ended restarts without a policy, unless a call stopped it', () => {
  const policy = { name: 'no', maxRetries: 0 } as const;
  assert.equal(wantsRestart(ended(policy, { restartUnhealthy: true }), exit(0)), true);
  assert.equal(wantsRestart(ended(policy, { restartUnhealthy: true, stopRequested: true }), exit(0)), false);
});

test('a container stopped by a call stays stopped', () => {
  assert.equal(
    wantsRestart(ended({ name: 'always', maxRetries: 0 }, { stopRequested: true }), exit(0)),
    false,
  );
});

test('pauses double from 0.1 s to one minute', () => {
  const pauses = Array.from({ length: 12 }, (_, restarts) => pauseAfter(restartPauses, restarts) / 100);
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
});
