// Commands that free space, above all exec, work while the disk of likerd's --root is full, whether or not the database can
// store them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { SmallDisk } from './harness/small-disk.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const disk = new SmallDisk('root');
const s = suite({ home: disk.home });
after(() => disk.unmount());
const containers = new Containers(s);
afterEach(() => disk.free());

const keptInMemory = async (): Promise<boolean> =>
  (await containers.warnings()).some((warning) => warning.includes('kept in memory'));

async function killAndStart(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

test('exec frees space, and is stored then', async () => {
  const id = await containers.start(['sh', '-c', 'head -c 4M /dev/zero > /big; : > /done; exec sleep 1000']);
  await until('the file to be written', () =>
    existsSync(join(s.daemon.root, 'containers', id, 'upper/done')),
  );
  disk.fill();
  const watcher = s.start([
    'exec',
    id,
    'sh',
    '-c',
    'echo ready; until [ -e /dev/shm/go ]; do sleep 0.05; done; exit 3',
  ]);
  await watcher.waitFor('ready');
  assert.deepEqual((await containers.get(id)).execIds.length, 1);
  assert.equal(await s.ok(['exec', id, 'sh', '-c', 'rm /big; echo removed']), 'removed');
  await until('it to be stored', async () => !(await keptInMemory()));
  await killAndStart();
  await s.ok(['exec', id, 'touch', '/dev/shm/go']);
  assert.equal((await watcher.outcome).code, 3);
  const ofExecs = (await containers.events()).filter(
    ({ containerId, action }) => containerId === id && action.startsWith('exec_'),
  );
  const count = (action: string) => ofExecs.filter((event) => event.action === action).length;
  assert.deepEqual([count('exec_create'), count('exec_start'), count('exec_die')], [3, 3, 3]);
  await containers.remove(id);
});

test('the next likerd knows an exec that could not be stored, and that its client has disconnected', async () => {
  const id = await containers.start(['sleep', '1000']);
  disk.fill();
  const script = 'echo ready; until [ -e /dev/shm/go ]; do sleep 0.05; done; echo over; exit 4';
  const attended = s.start(['exec', id, 'sh', '-c', script]);
  await attended.waitFor('ready');
  await using left = s.terminal(['exec', '-it', id, 'sh', '-c', script]);
  await left.waitForText('ready');
  left.pty.write('\x1d\x1d');
  assert.equal(await left.exit, 0);
  await s.ok(['exec', '-d', id, 'sh', '-c', script]);
  const before = (await containers.get(id)).execIds;
  assert.equal(before.length, 3);
  await killAndStart();
  assert.deepEqual((await containers.get(id)).execIds.toSorted(), before.toSorted());
  disk.free();
  await until('them to be stored', async () => !(await keptInMemory()));
  await killAndStart();
  assert.deepEqual((await containers.get(id)).execIds.toSorted(), before.toSorted());
  await s.ok(['exec', id, 'touch', '/dev/shm/go']);
  assert.deepEqual(await attended.outcome.then(({ code, stdout }) => [code, stdout]), [4, 'ready\nover\n']);
  await until('the others to end', async () => (await containers.get(id)).execIds.length === 0);
  await containers.remove(id);
});

test('a repeated StartExec does not start a second process even if the first could not be stored', async () => {
  const id = await containers.start(['sleep', '1000']);
  disk.fill();
  const request = { container: id, process: { args: ['sleep', '999'] }, requestId: 'on a full disk' };
  const start = () =>
    s.api.call<{ process: { id: string } }>((done) => s.api.sessions.StartExec(request, done as never));
  const first = await start();
  assert.equal((await start()).process.id, first.process.id);
  assert.equal((await containers.get(id)).execIds.length, 1);
  await containers.remove(id);
});

test('stop, pause, kill, wait, logs, top, ps, inspect, stats, events, rm and prune work', async () => {
  const trap = 'trap "exit 5" TERM; echo said; while :; do sleep 0.05; done';
  const stopped = await containers.start(['sh', '-c', trap]);
  const killed = await containers.start(['sleep', '1000']);
  await s.ok(['create', '--name', 'created', s.rootfs, 'true']);
  await until('the trap', async () => (await s.ok(['logs', stopped])) === 'said');
  disk.fill();
  for (const args of [
    ['pause', stopped],
    ['unpause', stopped],
    ['top', stopped],
    ['stats', '--no-stream', stopped],
    ['inspect', stopped],
    ['ps', '-a'],
    ['events', '--since', '0', '--until', '0s'],
    ['system', 'df'],
    ['stop', stopped],
    ['kill', killed],
    ['wait', killed],
    ['rm', killed],
  ])
    await s.ok(args);
  assert.equal(await s.ok(['logs', stopped]), 'said');
  assert.equal(await containers.state(stopped), 'EXITED 5');
  await s.ok(['container', 'prune', '-f']);
  assert.deepEqual(await containers.names(), []);
  await killAndStart();
  assert.deepEqual(await containers.names(), []);
});
