// The ids of user namespaces: no two containers share any, whatever happens to likerd, and a removal gives them back.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import { Api } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import { startDaemon } from './harness/daemon.ts';
import { readProc } from './harness/proc.ts';
import { suite } from './harness/suite.ts';

const size = 65_536;
const auto = ['--userns-default', 'auto'];
/** With room for this many containers. */
const pool = (ranges: number, start = 700_000) => [...auto, '--userns-pool', `${start}:${ranges * size}`];

const s = suite({ args: auto });
const containers = new Containers(s);

afterEach(async () => assert.deepEqual(await s.daemon.empty(), {}));

/** First id on the host of a container's users and groups, all of which must be one range. */
function startOf({ userNamespace }: Container): number {
  const [run, ...more] = userNamespace?.uids ?? [];
  assert.ok(run && more.length === 0);
  assert.deepEqual([run.inside, run.count], [0, size]);
  assert.deepEqual(userNamespace?.gids, userNamespace?.uids);
  return run.outside;
}

async function create(name: string, options: { api?: Api; more?: object } = {}): Promise<Container> {
  const spec = {
    name,
    rootfs: { directory: s.rootfs },
    process: { args: ['sleep', '1000'] },
    ...options.more,
  };
  const call = async (api: Api) => {
    const made = await api.call<{ container: Container }>((done) =>
      api.containers.CreateContainer({ spec }, done as never),
    );
    return made.container;
  };
  if (options.api) return call(options.api);
  using api = new Api(s.daemon);
  return await call(api);
}

/** First ids on the host, of all containers. */
async function starts(): Promise<number[]> {
  return Promise.all((await containers.names()).map(async (name) => startOf(await containers.get(name))));
}

const full = /RESOURCE_EXHAUSTED: .*all \d ranges of 65536 ids of --userns-pool are taken; remove containers/;

test('two hundred containers have two hundred ranges', async () => {
  const api = new Api(s.daemon);
  const made = await Promise.all(Array.from({ length: 200 }, (_, index) => create(`c${index}`, { api })));
  api[Symbol.dispose]();
  const sorted = made.map(startOf).toSorted((a, b) => a - b);
  for (const [index, start] of sorted.entries()) {
    const next = sorted[index + 1] ?? Number.POSITIVE_INFINITY;
    assert.ok(start + size <= next, `${start} and ${next}`);
  }
  assert.ok((sorted[0] ?? 0) >= 524_288 && (sorted.at(-1) ?? 0) + size <= 1_879_048_192);
  const { stdout } = await s.likerctl(['info', '--format', '{{json .UserNamespaces}}']);
  const { Default, Ranges, FreeRanges } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([Default, Number(Ranges) - Number(FreeRanges)], ['auto', 200]);
});

test('ranges outlive likerd, killed or not, and only a removal frees one', async () => {
  await s.daemon.restart(pool(3));
  const running = await containers.start(['sleep', '1000'], { name: 'running' });
  const { pid } = await containers.get(running);
  const start = startOf(await containers.get(running));
  await create('made');
  await create('other');
  const before = await starts();
  assert.deepEqual(new Set(before), new Set([700_000, 700_000 + size, 700_000 + 2 * size]));
  for (const end of [() => s.daemon.kill9(), () => s.daemon.stop()]) {
    await end();
    await s.daemon.start(pool(3));
    assert.deepEqual(await starts(), before);
    assert.match(readProc(pid, 'uid_map'), new RegExp(`^ +0 +${start} +${size}\\n$`));
    await assert.rejects(create('more'), full);
  }
  // Its end does not free it.
  await containers.kill('running');
  await assert.rejects(create('more'), full);
  await containers.remove('running');
  assert.equal(startOf(await create('more')), start);
  await assert.rejects(create('again'), full);
  const refused = await s.likerctl(['create', s.rootfs, 'true']);
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /--userns-pool.*--userns host/);
  assert.equal((await s.likerctl(['create', '--userns', 'host', s.rootfs, 'true'])).code, 0);
});

test('a container that removes itself frees its range', async () => {
  await s.daemon.restart(pool(1));
  for (let turn = 0; turn < 3; turn++)
    assert.equal(await s.sh([], 'cat /proc/self/uid_map | tr -s " "'), ` 0 700000 ${size}`);
});

test('calls that are cut off by a kill of likerd leave no two containers with the same ids', async () => {
  await s.daemon.restart(pool(40));
  for (let turn = 0; turn < 3; turn++) {
    const api = new Api(s.daemon);
    const names = Array.from({ length: 10 }, (_, index) => `t${turn}-${index}`);
    const calls = names.map((name) => create(name, { api }));
    const over = Promise.allSettled(calls);
    await calls[turn];
    await s.daemon.kill9();
    await over;
    api[Symbol.dispose]();
    await s.daemon.start(pool(40));
    const found = await starts();
    assert.equal(new Set(found).size, found.length);
    assert.ok(found.length > turn);
  }
});

test('when the database is lost, the ranges of containers that run are known from their run folders', async () => {
  await s.daemon.restart(pool(3));
  const running = await containers.start(['sleep', '1000'], { name: 'running' });
  await create('ended');
  const start = startOf(await containers.get(running));
  await s.daemon.stop();
  rmSync(join(s.daemon.root, 'liker.db'));
  await s.daemon.start(pool(3));
  assert.deepEqual(await containers.names(), ['running']);
  assert.equal(startOf(await containers.get('running')), start);
  await create('one');
  await create('two');
  assert.equal(new Set(await starts()).size, 3);
  await assert.rejects(create('three'), full);
  rmSync(join(s.daemon.root, 'set-aside'), { recursive: true, force: true });
});

test('another pool touches no range of the one before', async () => {
  await s.daemon.restart(pool(2));
  await create('one');
  await s.daemon.restart(pool(4, 700_000 + size / 2));
  const later = [await create('two'), await create('three')].map(startOf);
  const all = await starts();
  assert.equal(all.length, 3);
  for (const start of later)
    for (const other of all)
      assert.ok(start === other || Math.abs(start - other) >= size, `${start} ${other}`);
});

test('two daemons keep to their own pools', async (t) => {
  await s.daemon.restart(pool(4));
  const second = await startDaemon({ args: pool(4, 2_000_000) });
  t.after(() => second.destroy());
  using api = new Api(second);
  const theirs = await Promise.all([0, 1, 2, 3].map((index) => create(`b${index}`, { api })));
  const ours = await Promise.all([0, 1, 2, 3].map((index) => create(`a${index}`)));
  assert.deepEqual(new Set(ours.map(startOf)), new Set([0, 1, 2, 3].map((index) => 700_000 + index * size)));
  assert.deepEqual(
    new Set(theirs.map(startOf)),
    new Set([0, 1, 2, 3].map((index) => 2_000_000 + index * size)),
  );
});
