import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { restartContainer } from './restart.ts';

const options = { timeoutSeconds: null, signal: null };

test('a restart ends the run and begins another', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const before = engine.host.shim(container.id);
  await restartContainer(engine.context, container, options);
  assert.notEqual(engine.host.shim(container.id), before);
  assert.equal(container.phase.state, 'running');
  assert.deepEqual(engine.actions(), ['create', 'start', 'kill', 'die', 'stop', 'start', 'restart']);
});

test('a restart interrupted by the death of likerd is finished by the next one', async (t) => {
  const engine = EngineFixture.start(t);
  engine.host.obeys = false;
  const before = await engine.started();
  const restarted = restartContainer(engine.context, before, { timeoutSeconds: 0.1, signal: null });
  restarted.catch(() => {});
  while (engine.host.signals.length === 0) await before.changed.next();
  const next = await engine.dies(t);
  const container = next.find(before);
  while (next.actions().at(-1) !== 'restart') await container.changed.next();
  assert.equal(container.phase.state, 'running');
});

test('a second half that fails is reported and not retried', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  engine.host.onSpawn = (shim) => shim.fail(0);
  await assert.rejects(restartContainer(engine.context, before, options), { reason: 'COMMAND_NOT_FOUND' });
  assert.equal(before.facts.begun, null);
  const next = await engine.dies(t);
  assert.equal(next.find(before).phase.state, 'exited');
});
