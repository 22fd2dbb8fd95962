import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { createContainer } from '../verbs/create.ts';
import { pauseContainer, resumeAfterCommit, resumeContainer } from '../verbs/pause.ts';
import { startContainer } from '../verbs/start.ts';
import { stopContainer } from '../verbs/stop.ts';
import { leave } from './leave.ts';

test('a running container is adopted from its shim, and its exit is received', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const { phase } = before;
  const next = await engine.dies(t);
  const container = next.find(before);
  assert.deepEqual(container.phase, phase);
  next.host.shim(container.id).exit(0, { code: 5 });
  await container.changed.until(() => container.phase.state === 'exited', 1000);
  await container.run?.ending;
  assert.deepEqual(next.actions(), ['create', 'start', 'die']);
});

test('an exit while no daemon was running is stored by the next one', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const shim = engine.host.shim(before.id);
  shim.disconnect();
  shim.exit(0, { code: 4 });
  const next = await engine.dies(t);
  const container = next.find(before);
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 4);
});

test('without a shim, the exit record has the exit status', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const shim = engine.host.shim(before.id);
  shim.held.clear();
  shim.die();
  const record = { code: 0, signal: 15, coreDumped: false, outputCut: false };
  engine.host.exitRecords.set(before.id, { ...record, startedAtNs: 1_000_000n, exitedAtNs: 2_000_000n });
  const next = await engine.dies(t);
  const { phase } = next.find(before);
  assert.ok(phase.state === 'exited');
  assert.deepEqual([phase.exit.code, phase.exit.startedAt, phase.exit.exitedAt], [143, 1, 2]);
});

test('a live main process without a shim makes the container an orphan, and nothing of it is released', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  engine.host.shim(before.id).answer = { kind: 'unknown-protocol', protocol: 99 };
  const next = await engine.dies(t);
  assert.equal(next.find(before).phase.state, 'orphaned');
  assert.deepEqual(next.actions(), ['create', 'start', 'orphaned']);
  assert.deepEqual(next.host.cgroups.list(), [before.id]);
});

test('a run whose daemon died before starting it is removed if its client does not return', async (t) => {
  const engine = EngineFixture.start(t);
  const spec = specOf({ rootfs: { directory: join(engine.folder, 'rootfs') }, autoRemove: true });
  const options = { replace: false, request: null, attended: true };
  const before = await createContainer(engine.context, spec, options);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const next = await engine.dies(t);
  const container = next.find(before);
  assert.equal(container.removed, false);
  t.mock.timers.tick(10_000);
  await container.changed.next();
  assert.equal(container.removed, true);
});

test('a start whose daemon died blocks other verbs until the shim has answered', async (t) => {
  const { next, before } = await diedWhileStarting(t);
  const container = next.find(before);
  const stopped = stopContainer(next.context, container, { timeoutSeconds: null, signal: null });
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  next.host.shim(before.id).start();
  await stopped;
  assert.deepEqual(next.actions(), ['create', 'start', 'kill', 'die', 'stop']);
});

test('a start that fails after its daemon died is reported by the next one', async (t) => {
  const { next, before } = await diedWhileStarting(t);
  const container = next.find(before);
  next.host.shim(before.id).fail(0);
  await container.changed.until(() => container.phase.state === 'exited', 1000);
  await container.run?.ending;
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.code, 127);
  assert.deepEqual(next.host.cgroups.list(), []);
});

async function diedWhileStarting(t: TestContext) {
  const engine = EngineFixture.start(t);
  const before = await engine.create();
  const spawned = Promise.withResolvers<void>();
  engine.host.onSpawn = () => spawned.resolve();
  void startContainer(engine.context, before).catch(() => {});
  await spawned.promise;
  return { next: await engine.dies(t), before };
}

test('execs are adopted, and one that the shim no longer knows is forgotten', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const [lives, gone] = [await engine.exec(before), await engine.exec(before)];
  const shim = engine.host.shim(before.id);
  shim.held.delete(gone.identity.number);
  const next = await engine.dies(t);
  const container = next.find(before);
  const { processId } = lives.identity;
  assert.deepEqual([...(container.run?.execs.keys() ?? [])], [processId]);
  assert.deepEqual(
    next.context.ledger.execs.rows(container.id).map(({ id }) => id),
    [processId],
  );
});

test('an exec without a record is killed, since no client knows it', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const shim = engine.host.shim(before.id);
  engine.host.groups.get(before.id)?.createExec(5);
  shim.start(5);
  const next = await engine.dies(t);
  await new Promise(setImmediate);
  assert.ok(shim.received.includes('taken 5'));
  assert.deepEqual(next.host.groups.get(before.id)?.execs(), []);
  const exec = await next.exec(next.find(before));
  assert.equal(exec.identity.number, 6, 'no number is used twice');
});

test('an exec whose row is damaged is known again, and its container is adopted', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const exec = await engine.exec(before);
  engine.damage("UPDATE exec SET container_id = 'x'");
  const next = await engine.dies(t);
  const container = next.find(before);
  assert.deepEqual([...(container.run?.execs.keys() ?? [])], [exec.identity.processId]);
  await next.ends(container, { code: 5 });
  assert.equal(container.phase.state, 'exited');
});

test('a row whose id is damaged costs no container its files, and a running one is known again', async (t) => {
  for (const id of ['', '..', '../containers', 'f'.repeat(63)]) {
    const engine = EngineFixture.start(t);
    const running = await engine.started({ name: 'running' });
    const other = await engine.create({ name: 'other' });
    const made = await engine.create({ name: 'made' });
    engine.damage(`UPDATE container SET id = '${id}' WHERE name = 'running'`);
    engine.damage(`UPDATE container SET id = '${id}x' WHERE name = 'made'`);
    const next = await engine.dies(t);
    assert.deepEqual(
      next.context.registry.all().map(({ name }) => name),
      ['running', 'other'],
    );
    assert.equal(next.find(running).phase.state, 'running');
    assert.ok(existsSync(next.context.folders.of(other.id).base));
    // Whose files they are nothing says any more.
    assert.ok(!existsSync(next.context.folders.of(made.id).base));
    assert.ok(existsSync(join(engine.folder, 'set-aside')));
  }
});

test('a container that is frozen but not recorded as paused is thawed', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const group = engine.host.groups.get(before.id);
  await group?.freeze();
  const next = await engine.dies(t);
  assert.equal(group?.frozen(), false);
  assert.equal(next.find(before).phase.state, 'running');
});

test('a paused container stays paused', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  await pauseContainer(engine.context, before);
  const next = await engine.dies(t);
  assert.equal(next.find(before).phase.state, 'paused');
  assert.equal(next.host.groups.get(before.id)?.frozen(), true);
});

test('a container that was paused for a commit goes on', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  await pauseContainer(engine.context, before, { forCommit: true });
  const next = await engine.dies(t);
  const container = next.find(before);
  await container.changed.until(() => container.phase.state === 'running', 1000);
  assert.equal(container.phase.state, 'running');
  assert.equal(next.host.groups.get(before.id)?.frozen(), false);
  assert.ok(next.actions().includes('unpause'));
});

test('a pause that is asked for during a commit, at its end, or after an unpause, outlasts it', async (t) => {
  const engine = EngineFixture.start(t);
  const during = await engine.started();
  await pauseContainer(engine.context, during, { forCommit: true });
  await pauseContainer(engine.context, during);
  const after = await engine.started({ name: 'after' });
  await pauseContainer(engine.context, after, { forCommit: true });
  await resumeContainer(engine.context, after);
  await pauseContainer(engine.context, after);
  for (const container of [during, after]) await resumeAfterCommit(engine.context, container);
  const atEnd = await engine.started({ name: 'at-end' });
  await pauseContainer(engine.context, atEnd, { forCommit: true });
  await Promise.all([pauseContainer(engine.context, atEnd), resumeAfterCommit(engine.context, atEnd)]);
  const next = await engine.dies(t);
  for (const container of [during, after, atEnd]) assert.equal(next.find(container).phase.state, 'paused');
});

test('an exit that no daemon has handled yet is followed by the restart of its policy', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const before = await engine.started({ restart: { name: 'always' } });
  engine.host.shim(before.id).disconnect();
  engine.host.shim(before.id).exit();
  const next = await engine.dies(t);
  const container = next.find(before);
  await container.changed.until(() => container.phase.state === 'restarting', 1000);
  t.mock.timers.tick(100);
  await container.changed.until(() => container.phase.state === 'running', 1000);
  assert.deepEqual(next.actions(), ['create', 'start', 'die', 'start']);
});

test('an exit that was stored before its daemon died is followed by the restart, too', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started({ restart: { name: 'always' } });
  const shim = engine.host.shim(before.id);
  shim.exit();
  leave(engine.context);
  await engine.isOver(before);
  shim.die();
  const next = await engine.dies(t);
  assert.equal(next.find(before).phase.state, 'restarting');
  assert.deepEqual(next.host.cgroups.list(), []);
});

test('a kill that was due is done by the next daemon', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const main = before.run?.main;
  assert.ok(main);
  main.onDisconnect = 'hangup';
  t.mock.timers.enable({ apis: ['setTimeout'] });
  engine.context.supervision.clientLost(before, main);
  const next = await engine.dies(t);
  const container = next.find(before);
  t.mock.timers.tick(9_000);
  assert.equal(next.host.groups.get(before.id)?.kills, 0);
  t.mock.timers.tick(1_000);
  await next.isOver(container);
  assert.ok(container.phase.state === 'exited');
  assert.equal(container.phase.exit.signal, 9);
});
