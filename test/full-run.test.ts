// The file system of the run folder is full.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { SmallDisk } from './harness/small-disk.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const disk = new SmallDisk('run');
const s = suite({ home: disk.home });
after(() => disk.unmount());
afterEach(() => disk.free());
const containers = new Containers(s);

test('a start needs no space in the run folder', async () => {
  disk.fill();
  assert.match(await s.sh(['--hostname', 'given'], 'cat /etc/hosts'), /given/);
});

test('a start that cannot create a folder fails with an error that names it, and leaves nothing behind', async () => {
  disk.fillInodes();
  const { code, stdout, stderr } = await s.run(['--name', 'none'], ['true']);
  assert.equal(code, 125);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^likerctl: Cannot start container 'none': \w+( '\/.*\/c\/[0-9a-f]{64}(\/\w+)?')?: ENOSPC: no space is left on that file system; free some, and try again\n$/,
  );
  assert.match(stderr, new RegExp(join(disk.mountPoint, 'data/c')));
  assert.deepEqual(await containers.names(), []);
  assert.deepEqual(readdirSync(join(s.daemon.run, 'c')), []);
  assert.deepEqual(readdirSync(join(s.daemon.root, 'containers')), []);
  disk.free();
  assert.equal(await s.sh([], 'echo again'), 'again');
});

test('exec works without space for its records, and frees some', async () => {
  const id = await containers.start(['sleep', '1000']);
  disk.fill();
  const { code, stdout } = await s.likerctl(['exec', '-i', id, 'sh', '-c', 'cat; exit 6'], {
    stdin: 'through',
  });
  assert.deepEqual([code, stdout], [6, 'through']);
  const watcher = s.start([
    'exec',
    id,
    'sh',
    '-c',
    'echo ready; until [ -e /go ]; do sleep 0.05; done; exit 7',
  ]);
  await watcher.waitFor('ready');
  await s.daemon.kill9();
  await s.daemon.start();
  await s.ok(['exec', id, 'touch', '/go']);
  assert.equal((await watcher.outcome).code, 7);
  await s.ok(['stop', '-t', '0', id]);
  await s.ok(['rm', id]);
});

test('a container returns its exit code although there is no space for its exit record', async () => {
  const running = s.start(['run', '-i', '--rm', '--name', 'reads', s.rootfs, 'sh', '-c', 'read x; exit 5'], {
    stdin: 'open',
  });
  await until('the start', async () => (await containers.state('reads')) === 'RUNNING');
  disk.fill();
  running.write('\n');
  assert.equal((await running.outcome).code, 5);
  await until('the removal', async () => (await containers.names()).length === 0);
});

test('the shim keeps an exit that it cannot record for the next daemon', async () => {
  const id = await containers.start(['sh', '-c', 'trap "exit 6" TERM; while :; do sleep 0.05; done']);
  const { pid } = await containers.get(id);
  disk.fill();
  await s.daemon.kill9();
  process.kill(pid, 'SIGTERM');
  await until('the end of the container', () => !existsSync(`/proc/${pid}`));
  assert.ok(!existsSync(join(s.daemon.run, 'c', id, 'exit.0')));
  await s.daemon.start();
  await until('the end to be known', async () => (await containers.state(id)) === 'EXITED 6');
  await containers.remove(id);
});
