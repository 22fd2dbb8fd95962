import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { test } from 'node:test';
import { fromShim, noBound, toShim } from '../../common/shim/protocol.ts';
import { stdinQueueBytes } from '../../common/sizes.ts';
import { readProc } from '../../test/harness/proc.ts';
import { until } from '../../test/harness/until.ts';
import { Peer } from './peer.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const ring = 65_536;

function count(text: string, of: number): number {
  return text.split('\n').filter((line) => line === String(of)).length;
}

test('a snapshot continues into the live output without gap or repetition', async () => {
  await using shim = await fixture().run('for i in $(seq 1 300); do echo $i; sleep 0.002; done; sleep 100');
  await shim.peer.outputMatches(/^50$/m);
  const snapshot = await shim.peer.snapshot(0, 0n, 0n);
  await shim.peer.outputMatches(/^300$/m);
  const live = shim.peer.text();
  assert.equal(snapshot.stdout.toString(), live.slice(0, Number(snapshot.ends[0])));
  assert.equal(count(live, 150), 1);
});

test('a snapshot has the last bytes of the ring, and says where they begin', async () => {
  const size = ring * 3 + 1000;
  await using shim = await fixture().run(`head -c ${size} /dev/zero; sleep 100`);
  await shim.peer.until(() => shim.peer.output().length === size);
  const snapshot = await shim.peer.snapshot(0, 10n);
  assert.equal(snapshot.stdout.length, ring);
  assert.equal(snapshot.from, BigInt(size - ring));
  assert.deepEqual(snapshot.ends, [BigInt(size), 0n]);
  const nothing = await shim.peer.snapshot(0, noBound);
  assert.equal(nothing.stdout.length, 0);
});

test('T26: a container outlives its daemon; the next daemon gets the rest from the ring', async () => {
  await using shim = await fixture().run('echo before; read line; echo got $line; sleep 100', { tty: true });
  await shim.started();
  await shim.peer.outputMatches(/before/);
  shim.peer.socket.destroy();
  const peer = await Peer.connect(shim.socketPath);
  const [state] = await peer.hello();
  assert.deepEqual([state?.process, state?.state, state?.tty], [0, 2, true]);
  assert.equal((await peer.snapshot(0, 0n)).stdout.toString(), 'before\r\n');
  peer.stdin(0, 5n, 0n, 'again\n');
  await peer.outputMatches(/got again/);
  peer.signal(0, 9);
  await peer.exit();
  peer.taken(0);
  await shim.ended();
});

test('an exit while there was no daemon is in the state', async () => {
  await using shim = await fixture().run('sleep 0.2; echo late; exit 9');
  await shim.started();
  shim.peer.socket.destroy();
  await until('the exit record', () => readableRecord(shim.runDir));
  const peer = await Peer.connect(shim.socketPath);
  const [state] = await peer.hello();
  assert.deepEqual([state?.state, state?.exit?.code, state?.exit?.stdout], [3, 9, 5n]);
  assert.equal((await peer.snapshot(0, 0n)).stdout.toString(), 'late\n');
  peer.taken(0);
  await shim.ended();
});

function readableRecord(runDir: string): boolean {
  try {
    return readFileSync(`${runDir}/exit.0`).length > 0;
  } catch {
    return false;
  }
}

test('a shim without a daemon exits once its container has ended and its run folder is gone', async () => {
  await using shim = await fixture().run('true');
  await shim.peer.exit();
  rmSync(shim.runDir, { recursive: true });
  shim.peer.socket.destroy();
  await shim.ended();
});

test('the newest connection to send hello is the daemon', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const second = await Peer.connect(shim.socketPath);
  await second.hello();
  await shim.peer.closed;
  const third = await Peer.connect(shim.socketPath);
  await third.hello();
  await second.closed;
  await third.hello();
  third.socket.destroy();
});

test('a malformed frame closes its connection only', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const bad: Buffer[] = [
    Buffer.from([3, 0, 0, 0, 1, 0, 0]),
    Buffer.from([255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([8, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
    Buffer.from([8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]),
  ];
  for (const bytes of bad) {
    const socket = connect(shim.socketPath);
    const peer = new Peer(socket);
    socket.write(bytes);
    await peer.closed;
  }
  assert.equal((await shim.peer.hello()).length, 1);
});

test('a limit stops the reading, and a higher one resumes it', async () => {
  await using shim = await fixture().run('seq 1 100000', {}, { window: 1000 });
  await shim.peer.until(() => shim.peer.output().length === 1000);
  // Each answer takes the shim a turn of its loop, in which it would read on.
  for (let turn = 0; turn < 3; turn++) await shim.peer.hello();
  assert.equal(shim.peer.output().length, 1000);
  shim.peer.limit(0, 1, 5000n);
  await shim.peer.until(() => shim.peer.output().length === 5000);
  const [state] = await shim.peer.hello();
  assert.deepEqual(state?.limits, [5000n, 1000n]);
  shim.peer.limit(0, 1, noBound);
  assert.equal((await shim.peer.exit()).stdout, 588_895n);
  assert.match(shim.peer.text(), /^1\n2\n.*\n100000\n$/s);
});

test('T27: at the end, the rest in the pipe is read beyond the limit: nothing is cut, nothing waits', async () => {
  await using shim = await fixture().run('head -c 3000 /dev/zero', {}, { window: 1000 });
  const exit = await shim.peer.exit();
  assert.deepEqual([exit.stdout, exit.cut], [3000n, 0]);
  assert.equal(shim.peer.output().length, 3000);
});

test('a daemon that reads nothing for five seconds is disconnected, and the container goes on', async () => {
  const size = 4 << 20;
  await using shim = await fixture().run(`head -c ${size} /dev/zero; echo done >&2; sleep 100`);
  const pid = await shim.started();
  shim.peer.socket.pause();
  // The shell has written all of it when it becomes its last command.
  await until('its last command', () => readProc(pid, 'comm') === 'sleep\n');
  const peer = await Peer.connect(shim.socketPath);
  const [state] = await peer.hello();
  assert.deepEqual(state?.produced, [BigInt(size), 5n]);
  assert.equal((await peer.snapshot(0, 0n)).stdout.length, ring);
  peer.socket.destroy();
});

test('stdin beyond the queue is refused, and the daemon stays connected', async () => {
  await using shim = await fixture().run('sleep 100', {}, { openStdin: true });
  await shim.started();
  for (let i = 0n; i < 144n; i++) shim.peer.stdin(0, 1n, i * 65_536n, Buffer.alloc(65_536));
  const { payload } = await shim.peer.until(({ type }) => type === fromShim.stdinRefused);
  const taken = payload.readBigUInt64LE(8);
  assert.equal(payload.readBigUInt64LE(0), 1n);
  assert.ok(taken >= stdinQueueBytes && taken < 144 * 65_536, `${taken}`);
  assert.equal((await shim.peer.hello()).length, 1);
});

test('stdin with a gap is refused, and the other sessions go on', async () => {
  await using shim = await fixture().run('cat', {}, { openStdin: true });
  await shim.started();
  shim.peer.stdin(0, 1n, 0n, 'abc');
  shim.peer.stdin(0, 1n, 4n, 'def');
  const { payload } = await shim.peer.until(({ type }) => type === fromShim.stdinRefused);
  assert.deepEqual([payload.readBigUInt64LE(0), payload.readBigUInt64LE(8)], [1n, 3n]);
  shim.peer.stdin(0, 2n, 0n, 'other');
  shim.peer.stdin(0, 1n, 3n, 'DEF');
  await shim.peer.outputMatches(/^abcotherDEF$/);
});

test('many snapshots requested at once are answered one after the other', async () => {
  await using shim = await fixture().run('head -c 300000 /dev/zero; sleep 100');
  await shim.peer.until(() => shim.peer.output().length === 300_000);
  // Together more than a shim queues for a daemon that does not read.
  const count = 1200;
  const request = (index: number) => {
    const payload = Buffer.alloc(20);
    payload.writeUInt32LE(index, 0);
    shim.peer.send(toShim.snapshot, 0, payload);
  };
  for (let index = 1; index <= count; index++) request(index);
  let last = 0;
  await shim.peer.until(({ type, payload }) => {
    if (type === fromShim.snapshotEnd) assert.equal(payload.readUInt32LE(0), ++last, 'each in its turn');
    return last === count;
  });
  assert.equal((await shim.peer.hello()).length, 1);
});

test('a plan with more arguments than the kernel accepts fails the start', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const args = ['/bin/true', ...Array.from({ length: 70 }, () => 'x'.repeat(100_000))];
  shim.peer.exec(1, fixture().execPlan('true', { args }));
  assert.equal((await shim.peer.failed(1)).errno, constants.errno.E2BIG);
  assert.equal((await shim.peer.hello()).length, 1);
});

test('a thousand reconnections leak no fd', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  await shim.peer.hello();
  const before = readdirSync(`/proc/${shim.pid}/fd`).length;
  for (let i = 0; i < 1000; i++) {
    const peer = await Peer.connect(shim.socketPath);
    await peer.hello();
    peer.socket.destroy();
  }
  const last = await Peer.connect(shim.socketPath);
  await last.hello();
  assert.ok(readdirSync(`/proc/${shim.pid}/fd`).length <= before + 1);
  last.socket.destroy();
});

test('a daemon that connects while the shim is out of fds is answered when one is free', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const files = (limit: number) => execFileSync('prlimit', ['--pid', String(shim.pid), `--nofile=${limit}:`]);
  files(3);
  const peer = await Peer.connect(shim.socketPath);
  const answer = peer.hello();
  // Once the old connection has an answer, the accept has failed.
  shim.peer.stdin(0, 1n, 0n, 'x');
  await shim.peer.acked(0, 1n, 1n);
  files(1024);
  assert.equal((await answer).length, 1);
  peer.socket.destroy();
});
