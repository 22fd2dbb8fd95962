// Leases: what a program has made is gone soon after its death, however it dies, and stays as long as it lives, whatever happens to likerd.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import type { ContainerSpecInput } from '../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Lease } from '../proto/gen/types/liker/v1/Lease.ts';
import { Api } from './harness/api.ts';
import { isAlive } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite();

type Wire = 'grpc' | 'ttrpc';

/** A program that holds a lease. */
class Holder implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly leaseId: Promise<string>;
  readonly #gone: Promise<unknown>;
  /** How often the lease was held so far. */
  times = 0;

  constructor(wire: Wire = 'grpc') {
    const program = join(import.meta.dirname, 'fixtures/lease-holder.ts');
    this.process = spawn(process.execPath, [program, s.daemon.socket, wire], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#gone = once(this.process, 'exit');
    const first = Promise.withResolvers<string>();
    if (this.process.stdout)
      createInterface(this.process.stdout).on('line', (line) => {
        this.times += 1;
        first.resolve(line);
      });
    this.leaseId = within('a lease', first.promise);
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
  }
}

interface Thing {
  readonly id: string;
  readonly pid: number;
}

/** A client for one call: the daemon may have been another one a moment ago. */
async function call<T>(invoke: (api: Api, done: never) => unknown): Promise<T> {
  using api = new Api(s.daemon);
  return await api.call<T>((done) => invoke(api, done as never));
}

async function _createLease(ttlMs: number): Promise<Lease> {
  const { lease } = await call<{ lease: Lease }>((api, done) => api.leases.CreateLease({ ttlMs }, done));
  return lease;
}

async function getLease(leaseId: string): Promise<Lease> {
  const { lease } = await call<{ lease: Lease }>((api, done) => api.leases.GetLease({ leaseId }, done));
  return lease;
}

const _removeLease = (leaseId: string) =>
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
    await using holder = new Holder(wire);
    await using other = new Holder(wire);
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
