// The machine's clock is changed while likerd runs: forward, backward, across a restart of the daemon.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShimConnection } from '../daemon/kernel/process/shim.ts';
import type { Event } from '../proto/gen/types/liker/v1/Event.ts';
import { Api } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import { requires } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

/** faketime(1): the file sets likerd's clock, but not the monotonic clocks or those of other programs. */
const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`;
const faked = requires('libfaketime', existsSync(library));
const folder = mkdtempSync(join(tmpdir(), 'lkc-'));
const clock = join(folder, 'clock');
const setClock = (offset: string): void => writeFileSync(clock, `${offset}\n`);
setClock('+0');

const s = suite({
  env: {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DISABLE_SHM: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  },
});
after(() => rmSync(folder, { recursive: true }));
afterEach(() => setClock('+0'));
const containers = new Containers(s);

async function killAndStart(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

/** Time of the newest stored event. */
async function lastEvent(): Promise<Event> {
  const event = (await containers.events()).at(-1);
  assert.ok(event);
  return event;
}

test(
  '--timeout counts the time that a container has run, even if the clock is set before it is adopted',
  faked,
  async () => {
    const long = await containers.start(['sleep', '1000'], { timeoutSeconds: 3600 });
    const short = await containers.start(['sleep', '1000'], { timeoutSeconds: 2 });
    setClock('+1d');
    await killAndStart();
    assert.equal(await containers.state(long), 'RUNNING');
    // Without the changed clock, this test would prove nothing.
    await s.sh([], 'true');
    const { seconds } = (await lastEvent()).time as { seconds: number };
    assert.ok(Number(seconds) * 1000 > Date.now() + 3_600_000);
    setClock('-1d');
    await killAndStart();
    await until('the end of its time', async () => (await containers.state(short)) === 'EXITED 137');
    assert.equal(await containers.state(long), 'RUNNING');
    await containers.remove(long, short);
  },
);

test('a repeated request is recognised after the clock was set', faked, async () => {
  const create = async (): Promise<string> => {
    using api = new Api(s.daemon);
    const request = { spec: { ...s.spec(['true']), autoRemove: false }, requestId: 'once' };
    const { container } = await api.call<{ container: { id: string } }>((done) =>
      api.containers.CreateContainer(request, done as never),
    );
    return container.id;
  };
  const first = await create();
  setClock('+1h');
  assert.equal(await create(), first);
  await killAndStart();
  setClock('-1h');
  assert.equal(await create(), first);
  await containers.remove(first);
});

test('a pending restart is not delayed by a clock that is set back', faked, async () => {
  const id = await containers.start(['sh', '-c', 'exit 1'], { restart: { name: 'NAME_ALWAYS' } });
  await until('it to wait', async () => (await containers.state(id)) === 'RESTARTING');
  await s.daemon.kill9();
  const restarts = async () => (await containers.get(id)).restartCount;
  setClock('-1d');
  await s.daemon.start();
  const before = await restarts();
  await until('another restart', async () => (await restarts()) > before);
  await containers.remove(id);
});

test(
  'the grace period of a stop that likerd did not finish is not delayed by a clock that is set back',
  faked,
  async () => {
    const id = await containers.start(['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done']);
    const stop = s.start(['stop', '-t', '2', id]);
    await until('the signal', async () =>
      (await containers.events()).some(({ action, containerId }) => containerId === id && action === 'kill'),
    );
    await s.daemon.kill9();
    setClock('-1d');
    await s.daemon.start();
    await until('its end', async () => (await containers.state(id)) === 'EXITED 137', { deadlineMs: 20_000 });
    stop.kill('SIGKILL');
    await containers.remove(id);
  },
);

test('a lost connection to a shim is restored even after the clock was set back', faked, async () => {
  const id = await containers.start(['sleep', '1000']);
  const lose = async (): Promise<void> => {
    const shim = await ShimConnection.connect(join(s.daemon.run, 'c', id));
    const nobody = new Proxy({}, { get: () => () => {} }) as Parameters<typeof shim.listen>[0];
    await shim.hello(() => nobody);
    shim.leave();
  };
  const found = () => s.daemon.log.split('connection to a shim was lost and is restored').length - 1;
  await lose();
  await until('it to be found', () => found() === 1);
  setClock('-1d');
  // likerd gives up a connection that is lost again within a second.
  await sleep(1100);
  await lose();
  await until('what becomes of it', async () => found() === 2 || (await containers.state(id)) === 'ORPHANED');
  assert.equal(await containers.state(id), 'RUNNING');
  await containers.remove(id);
});

test('events since or until a time are found whatever order the clock gave them', faked, async () => {
  const inTime = async (): Promise<string[]> => {
    using api = new Api(s.daemon);
    const now = Date.now();
    const time = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: 0 });
    const actions: string[] = [];
    const request = { since: time(now - 3_600_000), until: time(now + 3_600_000), follow: false };
    for await (const { event } of api.events.Subscribe(request))
      if ((event as Event).containerName === 'travels') actions.push((event as Event).action);
    return actions;
  };
  const id = await containers.start(['sleep', '1000'], { name: 'travels' });
  setClock('+1d');
  await s.ok(['pause', id]);
  setClock('+0');
  await s.ok(['unpause', id]);
  setClock('-1d');
  await s.ok(['pause', id]);
  setClock('+0');
  await containers.remove(id);
  assert.deepEqual(await inTime(), ['create', 'start', 'unpause', 'die', 'destroy']);
});
