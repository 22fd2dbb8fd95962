import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { removeContainer } from './remove.ts';

test('a running container is removed only by force', async (t) => {
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

test('a forced removal that fails is no longer marked as begun, wherever it fails', async (t) => {
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
