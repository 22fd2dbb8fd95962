import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { sweep } from './sweep.ts';

const [stuck, other] = ['a'.repeat(64), 'b'.repeat(64)] as const;

test('a cgroup without a container that cannot be removed is logged, and delays nothing', async (t) => {
  const { context, host, log } = EngineFixture.start(t);
  const why = `Cannot remove cgroup '/sys/fs/cgroup/liker/${stuck}': it is busy with processes 77`;
  for (const id of [stuck, other]) host.makeGroup(id);
  host.makeGroup(stuck).stuck = new Error(why);
  context.folders.create(stuck);

  await sweep(context, { recordsLost: false });
  assert.deepEqual(host.cgroups.list(), [stuck]);
  assert.deepEqual(context.folders.list(), []);
  assert.deepEqual(log.at(-1), {
    level: 'warn',
    message: 'cannot remove a cgroup without a container',
    fields: { cgroup: stuck, error: why },
  });
});

test('a cgroup that has a shim is not touched, although no record knows it', async (t) => {
  const engine = EngineFixture.start(t);
  const { context, host } = engine;
  const container = await engine.started();
  context.registry.delete(container);
  await sweep(context, { recordsLost: false });
  assert.deepEqual(host.cgroups.list(), [container.id]);
  assert.deepEqual(context.folders.list(), [container.id]);
});
