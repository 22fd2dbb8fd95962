// The disk of likerd's --root is full: new containers are refused, commands that free space work, and nothing that has happened is lost.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
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

const runFolder = (id: string): string => join(s.daemon.run, 'c', id);
const isFull = /^likerctl: Cannot .* full; free some space and try again\n$/;
const keptInMemory = async (): Promise<boolean> =>
  (await containers.warnings()).some((warning) => warning.includes('kept in memory'));

async function killAndStart(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

test('a run --rm that fills the disk returns its exit code, and the space is free again', async () => {
  const before = disk.freeBytes;
  const { code, stderr } = await s.run([], ['sh', '-c', 'head -c 20M /dev/zero > /big; exit 7']);
  assert.equal(code, 7);
  assert.match(stderr, /No space left on device/);
  assert.deepEqual(await containers.names(), []);
  await until('the layer to be freed', () => disk.freeBytes > before - (1 << 20));
  assert.equal(await s.sh([], 'echo again'), 'again');
});

test('create, run, start and update are refused with one clear error, and leave nothing behind', async () => {
  const running = await containers.start(['sleep', '1000'], { name: 'running' });
  await s.ok(['create', '--name', 'created', s.rootfs, 'true']);
  disk.fill();
  const before = readdirSync(join(s.daemon.root, 'containers'));
  for (const [code, args] of [
    [125, ['create', s.rootfs, 'true']],
    [125, ['run', '--rm', s.rootfs, 'true']],
    [1, ['start', 'created']],
    [1, ['update', '--pids-limit', '77', 'running']],
  ] as const) {
    const outcome = await s.likerctl(args);
    assert.equal(outcome.code, code, args.join(' '));
    assert.match(outcome.stderr, isFull, args.join(' '));
    assert.equal(outcome.stdout, '');
  }
  assert.deepEqual(await containers.names(), ['created', 'running']);
  assert.deepEqual(readdirSync(join(s.daemon.root, 'containers')), before);
  assert.deepEqual(readdirSync(join(s.daemon.run, 'c')), [running]);
  assert.equal(await containers.state('created'), 'CREATED');
  const { appliedLimits } = await containers.get('running');
  assert.ok(!appliedLimits.some(({ effective }) => effective === '77'));
  disk.free();
  await s.ok(['start', 'created']);
  await containers.remove('running', 'created');
});

test('an exit is shown at once, survives a kill of the daemon, and is stored when there is room', async () => {
  const id = await containers.start(['sleep', '1000']);
  const watcher = s.start(['wait', id]);
  disk.fill();
  await containers.kill(id);
  assert.equal((await watcher.outcome).stdout, '137\n');
  assert.equal(await containers.state(id), 'EXITED 137');
  assert.ok(await keptInMemory());
  assert.ok(existsSync(runFolder(id)));
  await killAndStart();
  assert.equal(await containers.state(id), 'EXITED 137');
  disk.free();
  await until('the end to be stored', () => !existsSync(runFolder(id)));
  assert.equal(await keptInMemory(), false);
  await killAndStart();
  assert.equal(await containers.state(id), 'EXITED 137');
  const told = (await containers.events()).filter((event) => event.containerId === id);
  assert.equal(told.filter(({ action }) => action === 'die').length, 1);
  await containers.remove(id);
});

test('rm -f frees the layer of a container that has filled the disk', async () => {
  const id = await containers.start(['sh', '-c', 'head -c 4M /dev/zero > /big; : > /done; exec sleep 1000']);
  const upper = join(s.daemon.root, 'containers', id, 'upper');
  await until('the file to be written', () => existsSync(join(upper, 'done')));
  disk.fill();
  await s.ok(['rm', '-f', id]);
  assert.deepEqual(await containers.names(), []);
  await until('the layer to be freed', () => disk.freeBytes >= 3 << 20);
  await until('the removal to be stored', async () => !(await keptInMemory()));
  await killAndStart();
  assert.deepEqual(await containers.names(), []);
});

test('a removal that could not be stored survives a kill of the daemon', async () => {
  const id = await containers.start(['sleep', '1000']);
  disk.fill();
  await killAndStart();
  assert.equal(await containers.state(id), 'RUNNING');
  await containers.remove(id);
  disk.fill();
  await killAndStart();
  assert.deepEqual(await containers.names(), []);
  assert.ok(!existsSync(join(s.daemon.root, 'containers', id)));
});

test('a container with a restart policy restarts once there is room', async () => {
  const id = await containers.start(['sh', '-c', 'exit 1'], { restart: { name: 'NAME_ALWAYS' } });
  disk.fill();
  await until('a start to be refused', () => s.daemon.log.includes('restart failed'));
  disk.free();
  const starts = async (): Promise<number> =>
    (await containers.events()).filter((event) => event.containerId === id && event.action === 'start')
      .length;
  const before = await starts();
  await until('another start', async () => (await starts()) > before);
  await containers.remove(id);
});

test('output that could not be logged is marked in its place, with its size, and reported by an event', async () => {
  const script = 'read a; seq 1 20000; echo x >&2; read b; echo after';
  const running = s.start(['run', '-i', '--name', 'talker', s.rootfs, 'sh', '-c', script], { stdin: 'open' });
  await until('the start', async () => (await containers.state('talker')) === 'RUNNING');
  disk.fill();
  running.write('\n');
  await running.waitFor('\n20000\n');
  disk.free();
  running.write('\n');
  const { code, stdout } = await running.outcome;
  assert.equal(code, 0);
  const logs = await s.likerctl(['logs', 'talker']);
  assert.match(logs.stdout, /after\n$/);
  const notices = [...logs.stderr.matchAll(/likerctl: (\d+) bytes of (\w+) are missing here: /g)];
  const missing = sumOf(notices.filter((notice) => notice[2] === 'stdout').map((notice) => notice[1]));
  assert.ok(missing > 0);
  assert.equal(missing + logs.bytes.length, Buffer.byteLength(stdout));
  const events = (await containers.events()).filter(
    ({ action, containerName }) => action === 'log_lost' && containerName === 'talker',
  );
  const told = events.filter(({ attributes }) => attributes['stream'] === 'stdout');
  assert.equal(sumOf(told.map(({ attributes }) => attributes['bytes'])), missing);
  await containers.remove('talker');
});

function sumOf(numbers: readonly (string | undefined)[]): number {
  return numbers.reduce((sum, number) => sum + Number(number), 0);
}
