import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { EngineFixture } from '../../test/engine-fixture.ts';
import { inTurn } from '../containers/life/turn.ts';
import type { Container } from '../containers/model/container.ts';
import type { Lease } from './model/lease.ts';
import { hold, holderLost } from './watch.ts';

const pid = 4242;

/** A lease with a container that its policy always starts again, held by a process. */
async function held(t: TestContext, ttlMs = 0) {
  const engine = EngineFixture.start(t);
  engine.host.startTimes.set(pid, '77');
  const lease = engine.context.leases.create({ uid: 0, ttlMs });
  const holder = hold(engine.context, lease, pid);
  const container = await engine.started({ leaseId: lease.id, restart: { name: 'always' } });
  return { engine, lease, holder, container };
}

/** What the next daemon knows of it. Null: it is gone. */
function again(engine: EngineFixture, { id }: Lease): Lease | null {
  return engine.context.leases.get(id);
}

async function gone(engine: EngineFixture, lease: Lease, container: Container): Promise<void> {
  const left = again(engine, lease);
  if (left) await once(left.gone.signal, 'abort');
  assert.equal(engine.context.registry.byId(container.id), null);
}

test('after a boot, a lease that was held has ended', async (t) => {
  const { engine, lease, container } = await held(t);
  const other = engine.context.leases.create({ uid: 0, ttlMs: 60_000 });
  // A process of this boot that happens to have the same pid and start time.
  const next = await engine.dies(t, { freshBoot: true });
  assert.equal(again(next, lease)?.ended, 'its holder has ended');
  await gone(next, lease, container);
  assert.equal(again(next, other)?.ended, '');
});

test('a later process with the pid of a holder does not hold its lease', async (t) => {
  const { engine, lease, container } = await held(t);
  engine.host.startTimes.set(pid, '78');
  const next = await engine.dies(t);
  assert.equal(again(next, lease)?.ended, 'its holder has ended');
  await gone(next, lease, container);
});

test('a lease whose time was over while no daemon ran ends at the start, though its holder lives', async (t) => {
  const { engine, lease, container } = await held(t, 60_000);
  engine.damage('UPDATE lease SET renewed_at = renewed_at - 60000');
  const next = await engine.dies(t);
  assert.equal(again(next, lease)?.ended, 'it was not renewed in time');
  await gone(next, lease, container);
});

test('what was not removed when the daemon died is removed by the next one', async (t) => {
  const { engine, lease, container } = await held(t);
  engine.context.leases.end(lease, 'it was removed');
  const next = await engine.dies(t);
  await gone(next, lease, container);
});

test('what belongs to a lease whose record is damaged stays; so does a lease with a damaged holder, while it has another', async (t) => {
  const { engine, lease, container } = await held(t);
  const other = engine.context.leases.create({ uid: 0, ttlMs: 0 });
  for (let count = 0; count < 2; count += 1) hold(engine.context, other, pid);
  engine.damage(`
    UPDATE lease SET created_at = -1 WHERE id = '${lease.id}';
    UPDATE lease_holder SET pid = -1 WHERE lease_id = '${other.id}' AND id % 2 = 0;
  `);
  const next = await engine.dies(t);
  assert.equal(again(next, lease), null);
  assert.equal(next.find(container).phase.state, 'running');
  assert.deepEqual([again(next, other)?.ended, again(next, other)?.holders.length], ['', 1]);
  const log = JSON.stringify(next.log);
  assert.match(log, /the record of a lease cannot be read/);
  assert.match(log, /the record of a holder of a lease cannot be read/);
});

test('a holder that was lost twice is let go once', async (t) => {
  const { engine, lease, holder, container } = await held(t);
  const second = hold(engine.context, lease, pid);
  engine.host.startTimes.delete(pid);
  holderLost(engine.context, lease, holder);
  assert.deepEqual(lease.holders, [second]);
  holderLost(engine.context, lease, second);
  assert.equal(lease.ended, 'its holder has ended');
  await gone(engine, lease, container);
  assert.deepEqual(engine.actions().slice(-2), ['destroy', 'destroy']);
});

test('no policy starts a container again whose lease has ended', async (t) => {
  const { engine, lease, container } = await held(t);
  engine.context.leases.end(lease, 'it was removed');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  engine.host.shim(container.id).exit();
  await container.changed.until(() => container.phase.state === 'restarting', 1000);
  engine.host.onSpawn = () => assert.fail('it is started again');
  t.mock.timers.tick(60_000);
  await inTurn(engine.context, container);
  assert.equal(container.phase.state, 'restarting');
});
