// Hundreds of containers at once. LIKER_SCALE sets the number; npm run endurance uses 1,000.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StreamStatsResponse } from '../proto/gen/types/liker/v1/StreamStatsResponse.ts';
import { Api } from './harness/api.ts';
import { allEvents } from './harness/events.ts';
import { isAlive, shimsBelow } from './harness/proc.ts';
import { compile } from './harness/rootfs.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const count = Number(process.env['LIKER_SCALE'] ?? 200);
/** CPU time in one turn of the daemon's event loop, which depends less on other load than its delay. Generous: a loop that hangs takes seconds. */
const longestTurnMs = 500;
const patience = { timeout: 60_000 + count * 1000 };

const s = suite({ args: ['--metrics-addr', '0'] });
const names = Array.from({ length: count }, (_, index) => `idler-${index}`);
/** A root file system that holds one static program. */
function makeRoot(): string {
  const root = join(s.daemon.home, 'idle-root');
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
    mkdirSync(join(root, folder), { recursive: true });
  compile('idler', join(root, 'bin/idler'));
  return root;
}

async function forAll(atOnce: number, visit: (name: string) => Promise<unknown>): Promise<void> {
  const left = names.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const name of left) await visit(name);
    }),
  );
}

async function listed(): Promise<string[]> {
  return (await s.ok(['ps', '--format', '{{.Names}} {{.State}}'])).split('\n').filter(Boolean);
}

/** Two samples of all containers' stats. */
async function watched(api: Api): Promise<void> {
  const call = api.stats.StreamStats({ interval: { nanos: 1e8 } });
  call.on('error', () => {});
  let looks = 0;
  for await (const { snapshot } of call as AsyncIterable<StreamStatsResponse>) {
    const told = snapshot?.containers.filter(({ pids }) => (pids?.current ?? 0) > 0) ?? [];
    assert.equal(told.length, count);
    looks += 1;
    if (looks === 2) break;
  }
  call.cancel();
}

/** Scrapes as Prometheus does. */
async function scraped(): Promise<void> {
  const address = /serving metrics.*(127\.0\.0\.1:\d+)/.exec(s.daemon.log)?.[1];
  const body = await (await fetch(`http://${address}/metrics`)).text();
  assert.equal(body.split('\ncontainer_threads{').length - 1, count);
}

/** Prints the time, and asserts that no turn of the daemon's event loop was too long. */
async function timed(t: TestContext, api: Api, what: string, act: () => Promise<unknown>): Promise<void> {
  const begin = performance.now();
  await act();
  const ms = performance.now() - begin;
  const { eventLoopMaxMs, eventLoopP99Ms, eventLoopBusyMaxMs, rssBytes } = await api.call<{
    eventLoopMaxMs: number;
    eventLoopP99Ms: number;
    eventLoopBusyMaxMs: number;
    rssBytes: number;
  }>((done) => api.system.GetInfo({}, done));
  const loop = `max ${eventLoopMaxMs.toFixed(0)}, p99 ${eventLoopP99Ms.toFixed(0)}, busy ${eventLoopBusyMaxMs.toFixed(0)} ms`;
  t.diagnostic(`${what}: ${ms.toFixed(0)} ms; event loop: ${loop}; ${(rssBytes / 2 ** 20).toFixed(0)} MiB`);
  assert.ok(eventLoopBusyMaxMs < longestTurnMs, `${what}: ${loop}`);
}

test(`${count} containers run at once: start, ps, events, figures`, patience, async (t) => {
  const { api } = s;
  const root = makeRoot();
  await timed(t, api, `start ${count}`, () =>
    forAll(8, async (name) => {
      const spec = { name, rootfs: { directory: root }, process: { args: ['/bin/idler'] } };
      await api.call((done) => api.containers.CreateContainer({ spec }, done));
      await api.call((done) => api.containers.StartContainer({ container: name }, done));
    }),
  );
  await timed(t, api, 'ps', async () => {
    assert.deepEqual((await listed()).sort(), names.map((name) => `${name} running`).sort());
  });
  await timed(t, api, 'events', async () => {
    const starts = (await allEvents(api)).filter((event) => event.action === 'start');
    assert.deepEqual(new Set(starts.map((event) => event.containerName)).isSupersetOf(new Set(names)), true);
  });
  await timed(t, api, 'figures', () => watched(api));
  await timed(t, api, 'scrape', scraped);
  assert.equal(shimsBelow(s.daemon.home).length, count);
});

test('a new daemon adopts all of them', patience, async (t) => {
  const shims = shimsBelow(s.daemon.home);
  await s.daemon.kill9();
  await s.daemon.start();
  using api = new Api(s.daemon);
  await timed(t, api, `adopt ${count}`, async () => {
    assert.deepEqual((await listed()).sort(), names.map((name) => `${name} running`).sort());
  });
  assert.deepEqual(shims.filter(isAlive), shims);
});

test('all of them are stopped and started again', patience, async (t) => {
  using api = new Api(s.daemon);
  await timed(t, api, `stop ${count}`, () => s.ok(['stop', ...names]));
  assert.deepEqual(await listed(), []);
  await timed(t, api, `start ${count} again`, () =>
    forAll(50, (container) => api.call((done) => api.containers.StartContainer({ container }, done))),
  );
});

test('all of them exit at once, and are removed', patience, async (t) => {
  using api = new Api(s.daemon);
  const ids = (await s.ok(['ps', '-q'])).split('\n');
  assert.equal(ids.length, count);
  const pids = await s.ok(['inspect', '--format', '{{.State.Pid}}', ...ids]);
  await timed(t, api, `the end of ${count}`, async () => {
    for (const pid of pids.split('\n')) process.kill(Number(pid), 'SIGKILL');
    await s.ok(['wait', ...names]);
  });
  assert.deepEqual(await listed(), []);
  await timed(t, api, `remove ${count}`, () =>
    forAll(50, (container) => api.call((done) => api.containers.RemoveContainer({ container }, done))),
  );
  // likerd removes them one after the other, in a thread.
  const trash = join(s.daemon.root, 'trash');
  await until('the trash to be emptied', () => readdirSync(trash).length === 0, {
    deadlineMs: patience.timeout,
  });
  assert.deepEqual(await s.daemon.empty(), {});
});
