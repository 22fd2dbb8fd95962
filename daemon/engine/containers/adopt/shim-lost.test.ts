import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { FakeClient } from '../../../test/fake-client.ts';
import { runAttended } from '../verbs/run.ts';

async function withClient(t: Parameters<typeof EngineFixture.start>[0]) {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const client = new FakeClient(true);
  await runAttended(engine.context, container, client, null);
  return { engine, container, client, shim: engine.host.shim(container.id) };
}

test('if only the connection is lost, it is restored and the run continues', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const { run } = container;
  engine.host.shim(container.id).lose();
  assert.equal(run?.shim, null);
  await run?.reconnecting;
  assert.ok(container.run === run && run?.shim);
  await engine.ends(container, { code: 2 });
  assert.ok(container.phase.state === 'exited' && container.phase.exit.code === 2);
  assert.deepEqual(engine.actions(), ['create', 'start', 'die']);
});

test('clients are dropped without an error, so that they reconnect', async (t) => {
  const { container, client, shim } = await withClient(t);
  shim.lose();
  await container.run?.reconnecting;
  await new Promise(setImmediate);
  assert.ok(client.ended && client.error === undefined);
  assert.equal(container.phase.state, 'running');
});

test('an exec requested meanwhile waits for the shim', async (t) => {
  const { engine, container, shim } = await withClient(t);
  shim.lose();
  const exec = await engine.exec(container);
  assert.ok(exec.startedAt);
});

test('a start that the shim has not answered fails when the shim is lost', async (t) => {
  const { engine, container, shim } = await withClient(t);
  engine.host.onExec = () => shim.lose(new Error('a frame of 5 GiB'));
  await assert.rejects(engine.exec(container), { reason: 'SHIM_LOST', message: /a frame of 5 GiB/ });
});

test('a connection that is lost again at once is abandoned, and the container is orphaned', async (t) => {
  const { engine, container, shim } = await withClient(t);
  shim.lose();
  await container.run?.reconnecting;
  shim.lose();
  await container.changed.until(() => container.phase.state === 'orphaned', 1000);
  assert.deepEqual(engine.actions(), ['create', 'start', 'orphaned']);
});

test('when the shim is killed its clients get an error, and the main process is watched until it exits', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { engine, container, client, shim } = await withClient(t);
  shim.die();
  await container.changed.until(() => container.phase.state === 'orphaned', 1000);
  assert.equal(client.error?.reason, 'SHIM_LOST');
  t.mock.timers.tick(500);
  assert.deepEqual(engine.actions(), ['create', 'start', 'orphaned']);
  shim.exit();
  t.mock.timers.tick(500);
  await engine.isOver(container);
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 255);
  assert.deepEqual(engine.actions(), ['create', 'start', 'orphaned', 'die']);
});

test('if the shim dies after writing the exit record, nothing of the exit is lost', async (t) => {
  const { engine, container, shim } = await withClient(t);
  shim.disconnect();
  shim.exit(0, { code: 8 });
  const exitedAtNs = 5_000_000n;
  const record = { code: 8, signal: 0, coreDumped: false, startedAtNs: 1n, exitedAtNs, outputCut: false };
  engine.host.exitRecords.set(container.id, record);
  shim.isGone = true;
  await engine.context.supervision.shimLost(container);
  assert.ok(container.phase.state === 'exited');
  assert.deepEqual([container.phase.exit.code, container.phase.exit.exitedAt], [8, 5]);
});
