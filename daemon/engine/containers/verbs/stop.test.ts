import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { pauseContainer } from './pause.ts';
import { removeContainer } from './remove.ts';
import { stopContainer } from './stop.ts';

/** The grace period. */
const soon = { timeoutSeconds: 0.02, signal: null };

test('a stop sends the signal and waits for the exit', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started({ stopSignal: 12 });
  const begun: unknown[] = [];
  const { kill } = engine.host.processes;
  t.mock.method(engine.host.processes, 'kill', (...how: Parameters<typeof kill>) => {
    begun.push(container.facts.begun?.verb, container.facts.begun?.ending?.killAt);
    kill(...how);
  });
  await stopContainer(engine.context, container, { timeoutSeconds: null, signal: null });
  assert.deepEqual(begun, ['stop', null], 'it is stored before the signal is sent');
  assert.match(engine.host.signals.join(), /^\d+ 12$/);
  assert.equal(container.phase.state, 'exited');
  assert.equal(container.facts.begun, null);
  assert.deepEqual(engine.actions(), ['create', 'start', 'kill', 'die', 'stop']);
});

test('a container that ignores the signal is killed after the grace period', async (t) => {
  const engine = EngineFixture.start(t);
  engine.host.obeys = false;
  const container = await engine.started();
  await stopContainer(engine.context, container, soon);
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.signal, 9);
});

test('a paused container gets the signal when it is thawed', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  await pauseContainer(engine.context, container);
  await stopContainer(engine.context, container, { timeoutSeconds: null, signal: null });
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.signal, 15);
  assert.equal(engine.host.groups.get(container.id)?.isFrozen, false);
});

test('a stop whose likerd dies is finished by the next one', async (t) => {
  const engine = EngineFixture.start(t);
  engine.host.obeys = false;
  const before = await engine.started();
  const stopped = stopContainer(engine.context, before, { timeoutSeconds: 0.1, signal: null });
  stopped.catch(() => {});
  while (engine.host.signals.length === 0) await before.changed.next();
  const next = await engine.dies(t);
  const container = next.find(before);
  await next.isOver(container);
  assert.equal(next.host.signals.length, 1, 'the signal is not sent again');
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.signal, 9);
});

test('stopping a container that is not running succeeds, and its restart policy learns of it', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  await stopContainer(engine.context, container, soon);
  assert.ok(container.facts.stopRequested);
  assert.equal(container.phase.state, 'created');
});

for (const [verb, end] of [
  ['stop', (context, container) => stopContainer(context, container, { timeoutSeconds: 0, signal: null })],
  ['rm -f', (context, container) => removeContainer(context, container, { force: true })],
] satisfies [string, (context: EngineContext, container: Container) => Promise<void>][])
  test(`${verb} of a container that survives SIGKILL is an error, and no event says that it ended`, async (t) => {
    const engine = EngineFixture.start(t);
    const container = await engine.started();
    const group = engine.host.groups.get(container.id);
    assert.ok(group);
    t.mock.method(group, 'kill', async () => {});
    container.changed.until = async () => false;
    await assert.rejects(end(engine.context, container), {
      reason: 'TIMED_OUT',
      message: /^Cannot kill container 'web': .*SIGKILL/,
    });
    assert.deepEqual(engine.actions(), ['create', 'start']);
    assert.equal(container.facts.begun, null);
  });
