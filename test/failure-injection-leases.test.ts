// If any call of likerd fails while a lease ends, or likerd is killed in it, everything that belongs to the lease is gone in the end.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Lease } from '../proto/gen/types/liker/v1/Lease.ts';
import { Api } from './harness/api.ts';
import { Failpoint, type Which } from './harness/failpoints.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const point = new Failpoint();
const s = suite({ env: point.env, args: point.args, preload: point.preload });
after(() => point[Symbol.dispose]());

/** Tries every call instead of some of them: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

async function call<T>(invoke: (api: Api, done: never) => unknown): Promise<T> {
  using api = new Api(s.daemon);
  return await api.call<T>((done) => invoke(api, done as never));
}

/** A lease with a container that runs and has a volume, and one that was only made. */
async function made(): Promise<string> {
  const { lease } = await call<{ lease: Lease }>((api, done) =>
    api.leases.CreateLease({ ttlMs: 3_600_000 }, done),
  );
  for (const name of ['runs', 'made']) {
    const mounts = [{ type: 'TYPE_VOLUME' as const, source: `${name}-data`, target: '/data' }];
    const spec = s.spec(['sleep', '1000'], {}, { name, mounts, leaseId: lease.id });
    await call((api, done) => api.containers.CreateContainer({ spec }, done));
  }
  await call((api, done) => api.containers.StartContainer({ container: 'runs' }, done));
  return lease.id;
}

/** Removes what a failed try has left. */
async function clear(): Promise<void> {
  for (const id of (await s.ok(['lease', 'ls', '-q'])).split('\n').filter(Boolean)) await remove(id);
}

const remove = (leaseId: string) => call((api, done) => api.leases.RemoveLease({ leaseId }, done));

/** Or has ended. */
async function isEnding(leaseId: string): Promise<boolean> {
  const { leases } = await call<{ leases: Lease[] }>((api, done) => api.leases.ListLeases({}, done));
  return leases.find(({ id }) => id === leaseId)?.ending ?? true;
}

async function renewDaemon(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

const ways: readonly (Which & { readonly words: string })[] = [
  { words: 'likerd is killed at each of its calls', role: 'likerd', mode: 'kill', stride: all ? 1 : 9 },
  { words: 'each call of likerd fails', role: 'likerd', errno: 'EIO', stride: all ? 1 : 5 },
  { words: 'each call of libliker fails', role: 'library', stride: all ? 1 : 5 },
];

describe('the end of a lease', { concurrency: 1 }, () => {
  for (const { words, ...which } of ways)
    test(words, async (t) => {
      await clear();
      let leaseId = await made();
      const count = await point.each(
        which,
        () => remove(leaseId),
        async ({ error }) => {
          if (which.mode === 'kill') await renewDaemon();
          // What has begun to end goes on by itself.
          if (!(await isEnding(leaseId))) {
            assert.ok(error, 'a removal without an error');
            await remove(leaseId);
          }
          await until('the end of the lease', async () => (await s.ok(['lease', 'ls', '-q'])) === '');
          const left = [await s.ok(['ps', '-aq']), await s.ok(['volume', 'ls', '-q'])];
          assert.deepEqual(left, ['', '']);
          leaseId = await made();
        },
        async () => {
          await renewDaemon();
          await clear();
          leaseId = await made();
        },
      );
      t.diagnostic(`${words}: ${count} calls`);
      assert.ok(count > 0, 'no call was made to fail');
    });
});
