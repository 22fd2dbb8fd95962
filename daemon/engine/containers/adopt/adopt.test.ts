import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { createContainer } from '../verbs/create.ts';

test('a container that runs is taken over from its shim, and its end is heard', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  const next = await engine.dies(t);
  const container = next.find(before);
  assert.deepEqual(container.phase, before.phase);
  next.host.shim(container.id).exit(0, { code: 5 });
  await container.changed.until(() => container.phase.state === 'exited', 1000);
  await container.run?.ending;
  assert.deepEqual(next.actions(), ['create', 'start', 'die']);
});

test('an end that no daemon saw is stored by the next', async (t) => {
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

test('without a shim its exit record tells the end', async (t) => {
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

test('a main process that is alive without a shim makes an orphan, of which nothing is released', async (t) => {
  const engine = EngineFixture.start(t);
  const before = await engine.started();
  engine.host.shim(before.id).answer = { kind: 'unknown-protocol', protocol: 99 };
  const next = await engine.dies(t);
  assert.equal(next.find(before).phase.state, 'orphaned');
  assert.deepEqual(next.actions(), ['create', 'start', 'orphaned']);
  assert.deepEqual(next.host.cgroups.list(), [before.id]);
});

test('a run that its daemon did not live to start is removed when its client stays away', async (t) => {
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
