import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { FakeClient } from '../../../test/fake-client.ts';
import { leave } from '../adopt/leave.ts';
import { runAttended } from '../verbs/run.ts';

test('an exit is stored, then everything is released, then the shim may exit', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const shim = engine.host.shim(container.id);
  await engine.ends(container, { code: 3 });
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 3);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die']);
  assert.equal(shim.received.at(-1), 'taken 0');
  assert.deepEqual(engine.host.cgroups.list(), []);
  assert.ok(!existsSync(join(engine.folder, 'run/c', container.id)));
});

test('a client gets its last output before the run is released, and the exit afterwards', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const client = new FakeClient(false);
  let left: string[] | null = null;
  client.onFrame = ({ kind }) => {
    if (kind === 'exit') left = engine.host.cgroups.list();
  };
  await runAttended(engine.context, container, client, null);
  const shim = engine.host.shim(container.id);
  shim.output('last words');
  shim.exit(0, { code: 7 });
  await container.changed.until(() => container.phase.state === 'exited', 1000);
  await turn();
  assert.deepEqual(engine.host.cgroups.list(), [container.id], 'the client has not taken its output');
  client.takeAll();
  await engine.isOver(container);
  assert.equal(client.text(), 'last words');
  assert.deepEqual(left, []);
  assert.equal(client.kinds().at(-1), 'exit');
});

test('processes that outlive the main process are killed', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  group?.remains.add(1);
  await engine.ends(container);
  assert.equal(group?.kills, 1);
});

test('execs end with the container', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const client = new FakeClient(true);
  const exec = await engine.exec(container, { sink: client, onSession: () => {} });
  await engine.ends(container);
  assert.equal(exec.exit?.code, 137);
  assert.equal(client.kinds().at(-1), 'exit');
});

test('an exec that has not been answered yet fails when the container ends', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  engine.host.onExec = () => {};
  const exec = engine.exec(container);
  const refused = assert.rejects(exec, { reason: 'WRONG_STATE', message: /the container has ended/ });
  await engine.ends(container);
  await refused;
});

test('with --rm the record and the folders are removed at the exit', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started({ autoRemove: true });
  engine.host.shim(container.id).exit();
  await container.changed.until(() => container.removed, 1000);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die', 'destroy']);
  assert.deepEqual(engine.context.folders.list(), []);
});

test('a release that fails is retried', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  assert.ok(group);
  group.stuck = new Error('EBUSY');
  await engine.ends(container);
  assert.deepEqual(engine.host.cgroups.list(), [container.id]);
  group.stuck = null;
  t.mock.timers.tick(200);
  while (container.cleanUp) await turn();
  assert.deepEqual(engine.host.cgroups.list(), []);
});

test('an exit during the shutdown of likerd is stored, and the next daemon releases the run', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const shim = engine.host.shim(before.id);
  shim.exit(0, { code: 6 });
  leave(engine.context);
  await engine.isOver(before);
  assert.deepEqual(shim.received, []);
  assert.deepEqual(engine.host.cgroups.list(), [before.id]);
  const next = await engine.dies(t);
  await next.isOver(next.find(before));
  assert.equal(shim.received.at(-1), 'taken 0');
  assert.deepEqual(next.actions(), ['create', 'start', 'die'], 'it is stored once');
  assert.deepEqual(next.host.cgroups.list(), []);
});

test('out-of-memory kills since the last report are reported with the exit', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const group = engine.host.groups.get(container.id);
  assert.ok(group);
  group.oomCount = 2;
  await engine.ends(container, { signal: 9 });
  assert.ok(container.phase.state === 'exited' && container.phase.exit.oomKilled);
  assert.equal(container.facts.oomKills, 2);
  assert.deepEqual(engine.actions(), ['create', 'start', 'oom', 'die']);
});
