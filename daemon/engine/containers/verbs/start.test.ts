import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { FakeClient } from '../../../test/fake-client.ts';
import { LeavingError } from '../../leaving.ts';
import { leave } from '../adopt/leave.ts';
import type { Container } from '../model/container.ts';
import { removeContainer } from './remove.ts';
import { runAttended } from './run.ts';
import { startContainer } from './start.ts';

function assertNothingLeft(engine: EngineFixture, { id }: Container): void {
  assert.ok(!existsSync(join(engine.folder, 'run/c', id)));
  assert.deepEqual(engine.host.cgroups.list(), []);
}

test('a start creates the run folder and the cgroups, and the container is running when its shim says so', async (t) => {
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

test('a running container is not started again', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const { run } = container;
  await startContainer(engine.context, container);
  assert.equal(container.run, run);
});

test('a step that fails in the child undoes everything, and the container has the reason', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  engine.host.onSpawn = (shim) => shim.fail(0);
  await assert.rejects(startContainer(engine.context, container), { reason: 'COMMAND_NOT_FOUND' });
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 127);
  assert.equal(container.phase.exit.startedAt, null);
  assert.equal(container.run, null);
  assert.deepEqual(engine.actions(), ['create', 'start_failed']);
  assertNothingLeft(engine, container);
});

test('resources acquired before one that fails are released', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const refused = new LikerError('LIMIT_REFUSED', 'Cannot set memory.max');
  t.mock.method(engine.host.cgroups, 'create', async () => {
    throw refused;
  });
  await assert.rejects(startContainer(engine.context, container), refused);
  assert.equal(engine.host.shims.size, 0);
  assertNothingLeft(engine, container);
});

test('a start that hangs is abandoned, and its processes are killed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  engine.host.onSpawn = () => t.mock.timers.tick(120_000);
  await assert.rejects(startContainer(engine.context, container), { reason: 'TIMED_OUT' });
  assert.equal(engine.host.groups.get(container.id)?.kills, 1);
  assertNothingLeft(engine, container);
});

test('a start that hangs does not become a run, whatever its shim reports once the child is killed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const container = await engine.create({ restart: { name: 'always' } });
  const group = engine.host.makeGroup(container.id);
  engine.host.onSpawn = (shim) => {
    t.mock.method(group, 'kill', async () => shim.fail(0));
    t.mock.timers.tick(120_000);
  };
  await assert.rejects(startContainer(engine.context, container), { reason: 'TIMED_OUT' });
  await new Promise(setImmediate);
  assert.deepEqual(engine.actions(), ['create', 'start_failed']);
  assert.equal(container.phase.state, 'exited');
});

test('a forced removal does not wait for a start that hangs', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const spawned = Promise.withResolvers<void>();
  engine.host.onSpawn = () => spawned.resolve();
  const started = startContainer(engine.context, container);
  await spawned.promise;
  const removed = removeContainer(engine.context, container, { force: true });
  await assert.rejects(started, { reason: 'SHIM_LOST' });
  await removed;
  assert.ok(engine.host.shim(container.id).isGone);
  assertNothingLeft(engine, container);
});

/** likerd leaves its containers while a shim is spawned. */
async function leftWhileSpawning(t: TestContext) {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  engine.host.onSpawn = () => {};
  const { spawn } = engine.host.processes;
  t.mock.method(engine.host.processes, 'spawn', async (plan: Buffer) => {
    const spawned = await spawn(plan);
    leave(engine.context);
    return spawned;
  });
  await assert.rejects(startContainer(engine.context, container), LeavingError);
  return { engine, container };
}

test('a start in progress when likerd exits undoes nothing: the next daemon gets its result', async (t) => {
  const { engine, container: left } = await leftWhileSpawning(t);
  const next = await engine.dies(t);
  const container = next.find(left);
  next.host.shim(container.id).start();
  assert.equal(container.phase.state, 'running');
  assert.deepEqual(next.actions(), ['create', 'start']);
});

test('once likerd is exiting, no verb begins', async (t) => {
  const { engine, container } = await leftWhileSpawning(t);
  const removed = removeContainer(engine.context, container, { force: true });
  await assert.rejects(removed, LeavingError);
});

test('a container with --rm whose start fails is removed', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create({ autoRemove: true });
  engine.host.onSpawn = (shim) => shim.fail(0, { step: 'mount', syscall: 'mount' });
  const client = new FakeClient(true);
  await assert.rejects(runAttended(engine.context, container, client, null));
  assert.ok(container.removed);
});

test('a command that cannot be executed is an exit for its client', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  engine.host.onSpawn = (shim) => shim.fail(0);
  const client = new FakeClient(true);
  await runAttended(engine.context, container, client, null);
  const last = client.frames.at(-1);
  assert.ok(last?.kind === 'exit');
  assert.equal(last.exit.code, 127);
});

test('a container whose namespace is shared must be running', async (t) => {
  const engine = EngineFixture.start(t);
  const other = await engine.create({ name: 'other' });
  const container = await engine.create({ namespaces: { pid: { kind: 'container', id: 'other' } } });
  await assert.rejects(startContainer(engine.context, container), {
    reason: 'WRONG_STATE',
    message: /shares the pid namespace of container 'other', which is not running/,
  });
  await startContainer(engine.context, other);
  await startContainer(engine.context, container);
  assert.equal(container.phase.state, 'running');
});

test('a container that was removed while its start waited is not started for the sake of one that has its id as name', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  await engine.create({ name: container.id });
  const removed = removeContainer(engine.context, container, { force: false });
  await assert.rejects(startContainer(engine.context, container), { reason: 'CONTAINER_NOT_FOUND' });
  await removed;
  assert.equal(engine.host.shims.size, 0);
  assertNothingLeft(engine, container);
});

test('the namespaces of a container that is gone are not those of one that has its id as name', async (t) => {
  const engine = EngineFixture.start(t);
  const other = await engine.started({ name: 'other' });
  const container = await engine.create({ namespaces: { pid: { kind: 'container', id: 'other' } } });
  await engine.started({ name: other.id });
  await removeContainer(engine.context, other, { force: true });
  await assert.rejects(startContainer(engine.context, container), { reason: 'CONTAINER_NOT_FOUND' });
  assert.equal(container.run, null);
});
