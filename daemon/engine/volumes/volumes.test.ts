import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { EngineFixture } from '../../test/engine-fixture.ts';
import { volumeService } from './service.ts';

test('a repeated call makes a volume, and removes it, once, also if the next daemon answers it', async (t) => {
  const engine = EngineFixture.start(t);
  const anonymous = { name: '', labels: {}, requestId: 'make' };
  const first = await volumeService(engine.context).create(anonymous);
  const { name } = first.volume;
  const next = await engine.dies(t);
  const service = volumeService(next.context);
  const repeated = await service.create(anonymous);
  assert.deepEqual([repeated.volume.name, repeated.created], [name, true]);
  assert.equal((await service.create({ name, labels: {} })).created, false);
  const remove = { force: false, requestId: 'remove' };
  await service.remove(name, remove);
  const last = volumeService((await next.dies(t)).context);
  await last.create({ name, labels: {} });
  await last.remove(name, remove);
  assert.equal((await last.get(name, { withSize: false })).name, name);
  await assert.rejects(last.remove('none', { force: false, requestId: 'other' }), (error) =>
    hasReason(error, 'VOLUME_NOT_FOUND'),
  );
});
