// Leases: what a program has made is gone soon after its death, however it dies, and stays as long as it lives, whatever happens to likerd.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import type { ContainerSpecInput } from '../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Lease } from '../proto/gen/types/liker/v1/Lease.ts';
import { Api } from './harness/api.ts';
import { LeaseHolder } from './harness/lease-holder.ts';
import { isAlive } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite();

interface Thing {
  readonly id: string;
  readonly pid: number;
}

/** A client for one call: the daemon may have been another one a moment ago. */
async function call<T>(invoke: (api: Api, done: never) => unknown): Promise<T> {
  using api = new Api(s.daemon);
  return await api.call<T>((done) => invoke(api, done as never));
}

async function createLease(ttlMs: number): Promise<Lease> {
  const { lease } = await call<{ lease: Lease }>((api, done) => api.leases.CreateLease({ ttlMs }, done));
  return lease;
}

async function getLease(leaseId: string): Promise<Lease> {
  const { lease } = await call<{ lease: Lease }>((api, done) => api.leases.GetLease({ leaseId }, done));
  return lease;
}

const removeLease = (leaseId: string) =>
  call<object>((api, done) => api.leases.RemoveLease({ leaseId }, done));

const isGone = async (leaseId: string) =>
  !(await call<{ leases: Lease[] }>((api, done) => api.leases.ListLeases({}, done))).leases.some(
    ({ id }) => id === leaseId,
  );

/** A container that ignores SIGTERM, and has a volume with a name and another one without. */
async function container(leaseId: string, more: ContainerSpecInput = {}): Promise<Thing> {
  const spec = {
    rootfs: { directory: s.rootfs },
    process: { args: ['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done'] },
    leaseId,
    ...more,
  };
  const made = await call<{ container: Container }>((api, done) =>
    api.containers.CreateContainer({ spec }, done),
  );
  const { id = '' } = made.container;
  const { pid } = await call<{ pid: number }>((api, done) =>
    api.containers.StartContainer({ container: id }, done),
  );
  return { id, pid };
}

const volumeNames = async () => (await s.ok(['volume', 'ls', '-q'])).split('\n').filter(Boolean);
const containerIds = async () => (await s.ok(['ps', '-aq', '--no-trunc'])).split('\n').filter(Boolean);

/** Waits until a lease and all of these are gone. */
async function requireGone(leaseId: string, things: readonly Thing[], volumes: readonly string[] = []) {
  await until('the end of the lease', () => isGone(leaseId), { deadlineMs: 10_000 });
  const ids = await containerIds();
  for (const { id, pid } of things) {
    assert.ok(!ids.includes(id), 'no record of the container');
    assert.ok(!isAlive(pid), 'no process of the container');
    assert.ok(!existsSync(join(s.daemon.root, 'containers', id)), 'no files of the container');
  }
  const names = await volumeNames();
  for (const volume of volumes) {
    assert.ok(!names.includes(volume));
    assert.ok(!existsSync(join(s.daemon.root, 'volumes', volume)));
  }
}

for (const wire of ['grpc', 'ttrpc'] as const)
  test(`what a program has made is gone after kill -9 of it, over ${wire}`, async () => {
    await using holder = new LeaseHolder(s.daemon, wire);
    await using other = new LeaseHolder(s.daemon, wire);
    const [leaseId, otherId] = await Promise.all([holder.leaseId, other.leaseId]);
    const volume = `made-${wire}`;
    await call((api, done) => api.volumes.CreateVolume({ name: volume, leaseId }, done));
    const mounts = [
      { type: 'TYPE_VOLUME', source: volume, target: '/a' },
      { type: 'TYPE_VOLUME', source: `implied-${wire}`, target: '/b' },
      { type: 'TYPE_VOLUME', target: '/c' },
    ] as const;
    const things = await Promise.all([
      container(leaseId, { mounts: [...mounts] }),
      container(leaseId, { restart: { name: 'NAME_ALWAYS' } }),
      container(leaseId, { rootfs: { directory: s.rootfs } }),
    ]);
    const stays = await container(otherId);
    const volumes = (await volumeNames())
      .filter((name) => name.length === 64)
      .concat(volume, `implied-${wire}`);
    assert.equal(volumes.length, 3);
    const lease = await getLease(leaseId);
    assert.deepEqual(lease.holders, [{ pid: holder.process.pid, connected: true }]);
    assert.deepEqual(lease.containerIds.toSorted(), things.map(({ id }) => id).toSorted());
    await holder.kill();
    await requireGone(leaseId, things, volumes);
    assert.ok(isAlive(stays.pid), 'what belongs to another lease stays');
    await other.kill();
    await requireGone(otherId, [stays]);
  });

test('it is gone as well when the program ends by itself, or lets the lease go and lives', async () => {
  await using holder = new LeaseHolder(s.daemon);
  const leaseId = await holder.leaseId;
  const thing = await container(leaseId);
  holder.process.kill('SIGTERM');
  await requireGone(leaseId, [thing]);

  using api = new Api(s.daemon);
  const call = api.leases.HoldLease({});
  const [{ lease }] = (await once(call, 'data')) as [{ lease: Lease }];
  const second = await container(lease.id);
  call.cancel();
  await assert.rejects(once(call, 'end'));
  await requireGone(lease.id, [second]);
});

test('a lease stays as long as one of its holders', async () => {
  await using holder = new LeaseHolder(s.daemon);
  const leaseId = await holder.leaseId;
  const thing = await container(leaseId);
  using api = new Api(s.daemon);
  const call = api.leases.HoldLease({ leaseId });
  await once(call, 'data');
  await holder.kill();
  await until('one holder', async () => (await getLease(leaseId)).holders.length === 1);
  assert.deepEqual((await getLease(leaseId)).holders, [{ pid: process.pid, connected: true }]);
  assert.ok(isAlive(thing.pid));
  // Held again before it ends: by the same process, whose earlier call no longer counts.
  call.on('error', () => {});
  call.cancel();
  const again = api.leases.HoldLease({ leaseId });
  await once(again, 'data');
  await until('one holder', async () => (await getLease(leaseId)).holders.length === 1);
  assert.ok(isAlive(thing.pid));
  const end = once(again, 'end');
  again.resume();
  await removeLease(leaseId);
  await within('the good end of the call', end);
  await requireGone(leaseId, [thing]);
});

test('a lease with a time to live ends when it is not renewed', async () => {
  const long = await createLease(3_600_000);
  const thing = await container(long.id);
  assert.deepEqual(long.holders, []);
  const expires = ({ expiresAt }: Lease) => Number(expiresAt?.seconds) * 1000 + (expiresAt?.nanos ?? 0) / 1e6;
  assert.ok(Math.abs(expires(long) - Date.now() - 3_600_000) < 60_000);
  const renewed = await call<{ lease: Lease }>((api, done) =>
    api.leases.RenewLease({ leaseId: long.id }, done),
  );
  assert.ok(expires(renewed.lease) > expires(long));
  const short = await createLease(1500);
  const other = await container(short.id);
  await requireGone(short.id, [other]);
  assert.ok(isAlive(thing.pid));
  // Its time goes on while likerd does not run.
  await s.daemon.kill9();
  await s.daemon.start();
  assert.ok(Math.abs(expires(await getLease(long.id)) - expires(renewed.lease)) < 1000);
  assert.ok(isAlive(thing.pid));
  await removeLease(long.id);
  assert.ok(!isAlive(thing.pid), 'the answer comes when all is gone');
  await requireGone(long.id, [thing]);
  await removeLease(long.id);
});

describe('a restart of likerd', { concurrency: 1 }, () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    test(`ends nothing of a lease whose holder lives, after ${signal}`, async () => {
      await using holder = new LeaseHolder(s.daemon);
      const leaseId = await holder.leaseId;
      const thing = await container(leaseId);
      await s.daemon.stop(signal);
      await s.daemon.start();
      await until('the holder to hold it again', () => holder.times === 2);
      const { holders, ending } = await getLease(leaseId);
      assert.deepEqual([holders, ending], [[{ pid: holder.process.pid, connected: true }], false]);
      assert.ok(isAlive(thing.pid));
      await holder.kill();
      await requireGone(leaseId, [thing]);
    });

  test('waits for a holder that cannot call again, as long as it lives', async () => {
    await using holder = new LeaseHolder(s.daemon);
    const leaseId = await holder.leaseId;
    const thing = await container(leaseId);
    holder.process.kill('SIGSTOP');
    await s.daemon.kill9();
    await s.daemon.start();
    assert.deepEqual((await getLease(leaseId)).holders, [{ pid: holder.process.pid, connected: false }]);
    const later = await container(leaseId);
    assert.ok(isAlive(thing.pid));
    await holder.kill();
    await requireGone(leaseId, [thing, later]);
  });

  test('ends the lease of a holder that died meanwhile, whose container is not started again', async () => {
    await using holder = new LeaseHolder(s.daemon);
    const leaseId = await holder.leaseId;
    const volumes = [`away-${leaseId.slice(0, 8)}`];
    const mounts = [{ type: 'TYPE_VOLUME' as const, source: volumes[0] ?? '', target: '/v' }];
    const things = [
      await container(leaseId, { mounts }),
      await container(leaseId, { restart: { name: 'NAME_ALWAYS' } }),
    ];
    await s.daemon.kill9();
    process.kill(things[1]?.pid ?? 0, 'SIGKILL');
    await holder.kill();
    await s.daemon.start();
    await requireGone(leaseId, things, volumes);
    const events = await s.ok([
      'events',
      '--since',
      '0',
      '--until',
      '0s',
      '-f',
      `container=${things[1]?.id}`,
    ]);
    assert.equal(events.split('\n').filter((line) => / container start /.test(line)).length, 1, events);
  });
});

test('what others use goes when they do, whatever becomes of likerd, and nothing new can belong to the lease', async () => {
  const { id: leaseId } = await createLease(3_600_000);
  const volume = 'used-by-others';
  await call((api, done) => api.volumes.CreateVolume({ name: volume, leaseId }, done));
  const mounts = [{ type: 'TYPE_VOLUME' as const, source: volume, target: '/v' }];
  const thing = await container(leaseId, { mounts });
  const user = await container('', { mounts });
  await assert.rejects(
    removeLease(leaseId),
    /Cannot remove volume 'used-by-others': it is in use by container/,
  );
  assert.deepEqual([isAlive(thing.pid), isAlive(user.pid)], [false, true]);
  const lease = await getLease(leaseId);
  assert.deepEqual([lease.ending, lease.containerIds, lease.volumes], [true, [], [volume]]);
  await assert.rejects(container(leaseId), /Lease '.*' has ended: it was removed; make another one/);
  await s.daemon.kill9();
  await s.daemon.start();
  assert.ok((await volumeNames()).includes(volume));
  await s.ok(['rm', '-f', user.id]);
  await until('the end of the lease', () => isGone(leaseId));
  await requireGone(leaseId, [thing, user], [volume]);
});

test('a container that ends, or is removed, leaves its lease; inspect names it', async () => {
  const { id: leaseId } = await createLease(3_600_000);
  const thing = await container(leaseId, { autoRemove: true });
  assert.equal(await s.ok(['inspect', '-f', '{{.LeaseId}}', thing.id]), leaseId);
  const list = await s.ok(['lease', 'ls']);
  assert.match(
    list,
    new RegExp(`^LEASE ID .*\n(.*\n)*${leaseId} +.* ago +expires in [0-9]+ minutes +1 +0 +0$`, 'm'),
  );
  await s.ok(['kill', thing.id]);
  await until('an empty lease', async () => (await getLease(leaseId)).containerIds.length === 0);
  assert.equal(await s.ok(['lease', 'rm', leaseId]), leaseId);
  assert.ok(!(await s.ok(['lease', 'ls', '-q'])).includes(leaseId));
  const again = await s.likerctl(['lease', 'rm', leaseId]);
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /^likerctl: No such lease: /);
});

test('calls that cannot be: each says why', async () => {
  const none = 'f'.repeat(16);
  const noLease = { code: 5, details: new RegExp(`No such lease: '${none}'`) };
  await assert.rejects(container(none), noLease);
  await assert.rejects(
    call((api, done) => api.volumes.CreateVolume({ name: 'nothing', leaseId: none }, done)),
    noLease,
  );
  assert.ok(!(await volumeNames()).includes('nothing'));
  await assert.rejects(
    call((api, done) => api.leases.RenewLease({ leaseId: none }, done)),
    noLease,
  );
  await assert.rejects(getLease(none), noLease);
  await assert.rejects(getLease(''), { code: 3, details: 'Missing lease_id' });
  await removeLease(none);
  await assert.rejects(createLease(0), { code: 3, details: /Missing ttl_ms/ });
  using api = new Api(s.daemon);
  const hold = async (request: object) => {
    const call = api.leases.HoldLease(request);
    const data = once(call, 'data');
    // Without a holder, what it has made goes by itself.
    await data.finally(() => call.on('error', () => {}).cancel());
    return ((await data) as [{ lease: Lease }])[0].lease;
  };
  await assert.rejects(hold({ leaseId: none }), noLease);
  await assert.rejects(hold({ leaseId: none, ttlMs: 5 }), { code: 3, details: /only a new one gets it/ });
  const { id } = await hold({});
  await assert.rejects(
    call((api, done) => api.leases.RenewLease({ leaseId: id }, done)),
    { code: 9, details: /it has no time to live/ },
  );
  await until('the end of the lease', () => isGone(id));
});
