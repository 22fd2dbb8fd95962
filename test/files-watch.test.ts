// Files of containers are watched: what programs inside do is told, across the ends of containers and of likerd.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Container, type FileWatcher, Liker } from '../library/index.ts';
import { pids, readProc } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();

function connect(t: TestContext): Liker {
  const liker = new Liker({ host: `unix://${s.daemon.socket}` });
  t.after(() => liker[Symbol.dispose]());
  return liker;
}

async function running(t: TestContext, flags: readonly string[] = []): Promise<Container> {
  const liker = connect(t);
  const id = (await s.ok(['run', '-d', ...flags, s.rootfs, 'sleep', '1000'])).trim();
  t.after(() => s.ok(['rm', '-f', id]));
  return liker.containers.get(id);
}

const inside = (id: string, script: string): Promise<string> => s.ok(['exec', id, 'bash', '-c', script]);

/** The events until the last one of these has come. */
async function heard(watcher: FileWatcher, last: string): Promise<string[]> {
  const events: string[] = [];
  while (events.at(-1) !== last) {
    const { value } = await within(`the event '${last}'`, watcher.next());
    assert.ok(value);
    events.push(`${value.eventType} ${value.filename}`);
  }
  return events;
}

const helpers = (): number[] =>
  pids().filter((pid) => /liker-tree\S*\0.*\0watch\0/.test(readProc(pid, 'cmdline')));

const gone = (): Promise<unknown> => until('the helpers to end', () => helpers().length === 0);

/** It ends with this error, after whatever comes before. */
const endsWith = (watcher: FileWatcher, error: object): Promise<void> =>
  within(
    'the end',
    assert.rejects(async () => {
      for await (const _ of watcher);
    }, error),
  );

inBothModes('what programs in the container do is told', async ({ flags }, t) => {
  const { id, files } = await running(t, [
    ...flags,
    '-v',
    `watch-${Date.now()}:/volume`,
    '--tmpfs',
    '/memory',
  ]);
  // One that only the image has is copied up by the first change.
  for (const folder of ['/etc', '/volume', '/memory']) {
    const watcher = files.watch(folder);
    await watcher.ready;
    await inside(
      id,
      `cd ${folder}; echo a >new; mv new other; mkdir sub; echo b >sub/below; rm other; echo >last`,
    );
    assert.deepEqual(
      new Set(await heard(watcher, 'rename last')),
      new Set(['rename new', 'change new', 'rename other', 'rename sub', 'rename last']),
      folder,
    );
    await files.writeFile(`${folder}/by-library`, 'x');
    await heard(watcher, 'change by-library');
    await watcher.return();
  }
  await inside(id, 'ln -s /etc/hostname /link; echo >/file');
  const file = files.watch('/file');
  await file.ready;
  await inside(id, 'echo more >>/file; rm /file');
  assert.deepEqual((await heard(file, 'rename file'))[0], 'change file');
  await endsWith(file, { reason: 'PATH_NOT_FOUND', code: 'ENOENT' });
  await assert.rejects(files.watch('/none').ready, { reason: 'PATH_NOT_FOUND' });
  await gone();
});

test('a watch ends by its signal, and with the loop; nothing of it is left', async (t) => {
  const { id, files } = await running(t);
  const stop = new AbortController();
  const watcher = files.watch('/tmp', { signal: stop.signal });
  await watcher.ready;
  assert.equal(helpers().length, 1);
  const next = watcher.next();
  const why = new Error('enough');
  stop.abort(why);
  await assert.rejects(next, why);
  await gone();
  const left = files.watch('/tmp');
  await left.ready;
  await inside(id, 'touch /tmp/file');
  for await (const { filename } of left) {
    assert.equal(filename, 'file');
    break;
  }
  await gone();
});

test('a watch goes on after the end of the container, and of likerd', async (t) => {
  const { id, files } = await running(t);
  const watcher = files.watch('/tmp');
  await watcher.ready;
  await s.ok(['kill', id]);
  await s.ok(['wait', id]);
  await gone();
  await s.ok(['start', id]);
  await heard(watcher, 'rename null');
  await inside(id, 'touch /tmp/one');
  assert.ok((await heard(watcher, 'rename one')).includes('rename one'));
  await s.daemon.kill9();
  await s.daemon.start();
  await heard(watcher, 'rename null');
  await inside(id, 'touch /tmp/two');
  await heard(watcher, 'rename two');
  await s.ok(['rm', '-f', id]);
  await endsWith(watcher, { reason: 'CONTAINER_NOT_FOUND' });
});

test('a container that does not run is watched from its start on, which the watch does not keep', async (t) => {
  const liker = connect(t);
  const id = (await s.ok(['create', s.rootfs, 'sh', '-c', 'sleep 0.2; touch /tmp/file; sleep 1000'])).trim();
  t.after(() => s.ok(['rm', '-f', id]));
  const { files } = await liker.containers.get(id);
  await assert.rejects(files.watch('/none').ready, { code: 'ENOENT' });
  const watcher = files.watch('/tmp');
  await watcher.ready;
  await s.ok(['start', id]);
  assert.ok((await heard(watcher, 'rename file')).includes('rename null'));
  await watcher.return();
});

test('events that were lost are told', async (t) => {
  const { id, files } = await running(t, ['--tmpfs', '/memory']);
  const watcher = files.watch('/memory');
  await watcher.ready;
  const [helper] = helpers();
  assert.ok(helper);
  process.kill(helper, 'SIGSTOP');
  const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  await inside(id, `cd /memory; seq ${most} | xargs touch`);
  process.kill(helper, 'SIGCONT');
  await heard(watcher, 'rename null');
  await watcher.return();
  await gone();
});

test('a program has 32 watches', async (t) => {
  const { files } = await running(t);
  const stop = new AbortController();
  let opened = 0;
  // One that has just ended may still count.
  const one = () => files.watch('/etc', { signal: stop.signal }).ready.then(() => ++opened);
  await assert.rejects(
    async () => {
      while (opened < 40) await one();
    },
    { reason: 'TOO_MANY' },
  );
  assert.ok(opened > 25 && opened <= 32, `${opened} watches`);
  stop.abort();
  await gone();
  await until('room for another', async () => {
    const watcher = files.watch('/etc');
    const isReady = await watcher.ready.then(
      () => true,
      () => false,
    );
    await watcher.return();
    return isReady;
  });
  await gone();
});
