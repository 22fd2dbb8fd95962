import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';

test('an end is stored, then everything is released, then the shim may go', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const shim = engine.host.shim(container.id);
  shim.exit(0, { code: 3 });
  await shim.ended;
  await container.run?.ending;
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 3);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die']);
  assert.equal(shim.received.at(-1), 'taken 0');
  assert.deepEqual(engine.host.cgroups.list(), []);
  assert.ok(!existsSync(join(engine.folder, 'run/c', container.id)));
});

test('processes that outlive the main process are killed', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  group?.remains.add(1);
  engine.host.shim(container.id).exit();
  await container.changed.until(() => container.phase.state === 'exited', 1000);
  await container.run?.ending;
  assert.equal(group?.kills, 1);
});

test('with --rm the record and the folders go with the end', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started({ autoRemove: true });
  engine.host.shim(container.id).exit();
  await container.changed.until(() => container.removed, 1000);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die', 'destroy']);
  assert.deepEqual(engine.context.folders.list(), []);
});

test('what cannot be released now is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  assert.ok(group);
  group.stuck = new Error('EBUSY');
  engine.host.shim(container.id).exit();
  while (!container.cleanUp) await container.changed.next();
  await container.run?.ending;
  assert.deepEqual(engine.host.cgroups.list(), [container.id]);
  group.stuck = null;
  t.mock.timers.tick(200);
  while (container.cleanUp) await new Promise(setImmediate);
  assert.deepEqual(engine.host.cgroups.list(), []);
});
