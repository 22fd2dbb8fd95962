import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { startContainer } from './start.ts';

test('a start makes the run folder and the control groups, and the container runs when its shim says so', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const stored: string[] = [];
  engine.host.onSpawn = (shim) => {
    stored.push(container.facts.begun?.verb ?? '', container.phase.state);
    shim.start();
  };
  await startContainer(engine.context, container);
  assert.deepEqual(stored, ['start', 'created'], 'what is begun is stored before anything runs');
  assert.equal(container.phase.state, 'running');
  assert.equal(container.facts.begun, null);
  assert.deepEqual(engine.actions(), ['create', 'start']);
  assert.ok(existsSync(join(engine.folder, 'run/c', container.id)));
  assert.deepEqual(engine.host.cgroups.list(), [container.id]);
});

test('a step that fails in the child undoes all, and the container tells why', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  engine.host.onSpawn = (shim) => shim.fail(0);
  await assert.rejects(startContainer(engine.context, container), { reason: 'COMMAND_NOT_FOUND' });
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 127);
  assert.equal(container.phase.exit.startedAt, null);
  assert.deepEqual(engine.actions(), ['create', 'start_failed']);
  assert.ok(!existsSync(join(engine.folder, 'run/c', container.id)));
  assert.deepEqual(engine.host.cgroups.list(), []);
});
