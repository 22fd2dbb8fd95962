import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { pruneContainers } from './prune.ts';
import { removeContainer } from './remove.ts';
import { startContainer } from './start.ts';

test('a container that is started or removed meanwhile is skipped, and the rest are removed', async (t) => {
  const engine = EngineFixture.start(t);
  const { context, host } = engine;
  const old = await engine.started({ name: 'old' });
  host.shim(old.id).exit();
  await old.changed.until(() => old.phase.state === 'exited', 1000);
  await old.run?.ending;
  const removed = await engine.create({ name: 'removed' });
  const started = await engine.create({ name: 'started' });
  const young = await engine.create({ name: 'young' });
  // Called just before each removal.
  context.folders.sizes = async (id) => {
    if (id === started.id) void startContainer(context, started);
    if (id === removed.id) await removeContainer(context, removed, { force: false });
    return { layerBytes: 10, logBytes: 1 };
  };

  const { ids, reclaimedBytes } = await pruneContainers(context, []);
  assert.deepEqual(ids, [young.id, old.id]);
  assert.equal(reclaimedBytes, 22);
  assert.deepEqual(context.registry.all(), [started]);
});
