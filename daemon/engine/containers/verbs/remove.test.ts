import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { removeContainer } from './remove.ts';

test('a container that runs is removed by force alone', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  await assert.rejects(removeContainer(engine.context, container, { force: false }), {
    reason: 'WRONG_STATE',
  });
  await removeContainer(engine.context, container, { force: true });
  assert.ok(container.removed);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die', 'destroy']);
  assert.deepEqual(engine.context.registry.all(), []);
});

test('a removal by force that fails is not begun any more, wherever it fails', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  assert.ok(group);
  t.mock.method(group, 'kill', async () => {
    assert.equal(container.facts.begun?.verb, 'remove');
    throw new Error('EIO');
  });
  await assert.rejects(removeContainer(engine.context, container, { force: true }), /EIO/);
  assert.equal(container.facts.begun, null);
});
