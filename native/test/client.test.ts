import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeHeader, u32s, u64s } from '../../common/shim/encode.ts';
import { fromShim, noBound, toShim } from '../../common/shim/protocol.ts';
import { socketFd } from '../../daemon/loop/socket-fd.ts';
import { sendFd } from '../../daemon/native/libliker.ts';
import { until } from '../../test/harness/until.ts';
import type { TestShim } from './fixture.ts';
import { Peer } from './peer.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const ring = 65_536;
const all = 3;
const onlooker = 0;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'liker-client-'));
});
after(() => rmSync(folder, { recursive: true }));

let sockets = 0;

/** Both ends of a connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(join(folder, String(++sockets)));
  await once(server, 'listening');
  const near = new Socket();
  const [[far]] = await Promise.all([
    once(server, 'connection'),
    once(near.connect(join(folder, String(sockets))), 'connect'),
  ]);
  server.close();
  return [near, far];
}

interface Start {
  readonly session?: bigint;
  readonly may?: number;
  readonly since?: readonly [bigint, bigint];
  readonly process?: number;
}

/** Hands a client over to the shim. Its session is 1 unless it is given. */
async function open(
  daemon: Peer,
  { session = 1n, may = all, since = [0n, 0n], process = 0 }: Start = {},
): Promise<Peer> {
  const [near, far] = await pair();
  const payload = [u64s(session), u32s(may), u64s(...since)];
  const frame = Buffer.concat([encodeHeader(toShim.open, 0, process, payload), ...payload]);
  assert.ok(sendFd(socketFd(daemon.socket), frame, socketFd(far)));
  far.destroy();
  return new Peer(near);
}

/** The offsets in the first frame. */
async function opened(client: Peer): Promise<readonly bigint[]> {
  const { payload } = await client.until(() => true);
  assert.equal(client.frames[0]?.type, fromShim.opened);
  return [0, 8, 16].map((at) => payload.readBigUInt64LE(at));
}

async function answer(daemon: Peer, session = 1n): Promise<number> {
  const { payload } = await daemon.until(
    ({ type, payload: of }) => type === fromShim.client && of.readBigUInt64LE(0) === session,
  );
  return payload.readUInt32LE(8);
}

async function finish(shim: TestShim): Promise<void> {
  await shim.peer.exit();
  shim.peer.taken(0);
  await shim.ended();
}

test('a client gets what the ring holds, then live output, then the end; and sends stdin', async () => {
  await using shim = await fixture().run(
    'echo first; read line; echo got $line >&2; exit 3',
    {},
    { openStdin: true },
  );
  await shim.peer.outputMatches(/first/);
  const client = await open(shim.peer);
  assert.deepEqual(await opened(client), [0n, 0n, 0n]);
  assert.equal(await answer(shim.peer), 1);
  client.stdin(9, 7n, 0n, 'hello\n');
  const exit = await client.exit();
  assert.deepEqual([exit.code, exit.stdout, exit.stderr], [3, 6n, 10n]);
  assert.equal(client.text(), 'first\n');
  assert.equal(client.text(0, 2), 'got hello\n');
  await finish(shim);
});

test('a client does not notice that the daemon has gone; the end waits for the next one', async () => {
  await using shim = await fixture().run(
    'while read line; do echo got $line; done; exit 5',
    {},
    { openStdin: true },
  );
  await shim.started();
  const client = await open(shim.peer);
  client.stdin(0, 1n, 0n, 'one\n');
  await client.outputMatches(/got one/);
  shim.peer.socket.destroy();
  client.stdin(0, 1n, 4n, 'two\n');
  await client.outputMatches(/got two/);
  client.closeStdin(0);
  assert.equal((await client.exit()).code, 5);
  const next = await Peer.connect(shim.socketPath);
  const [state] = await next.hello();
  assert.equal(state?.exit?.code, 5);
  assert.equal(client.text(), 'got one\ngot two\n');
  next.taken(0);
  await shim.ended();
});

test('bytes that come again are dropped, also when the client comes again', async () => {
  await using shim = await fixture().run('cat', {}, { openStdin: true });
  await shim.started();
  const first = await open(shim.peer);
  first.stdin(0, 1n, 0n, 'abc');
  await first.outputMatches(/abc/);
  first.socket.destroy();
  const second = await open(shim.peer);
  assert.deepEqual((await opened(second)).slice(0, 1), [0n]);
  second.stdin(0, 1n, 1n, 'bcdef');
  await second.outputMatches(/abcdef/);
  second.closeStdin(0);
  await second.exit();
  assert.equal(second.text(), 'abcdef');
  await finish(shim);
});

test('the process waits for a client, at no limit of the daemon, and only as long as it is there', async () => {
  const size = ring * 40;
  await using shim = await fixture().run(`head -c ${size} /dev/zero; sleep 100`);
  const client = await open(shim.peer);
  client.socket.pause();
  shim.peer.send(toShim.listen, 0, u32s(0));
  const produced = async () => (await shim.peer.snapshot(0, noBound)).ends[0];
  let last = -1n;
  await until('the output to stand still', async () => {
    const now = await produced();
    const still = now === last && now > 0n;
    last = now;
    return still;
  });
  assert.ok(last < size, `${last} of ${size}`);
  client.socket.destroy();
  await until('the rest', async () => (await produced()) === BigInt(size));
});

test('an onlooker is not waited for: it sees by the offsets what it has missed', async () => {
  const size = ring * 40;
  await using shim = await fixture().run(
    `read line; head -c ${size} /dev/zero; echo end`,
    {},
    { openStdin: true },
  );
  await shim.started();
  const reader = await open(shim.peer, { session: 1n });
  const slow = await open(shim.peer, { session: 2n, may: onlooker });
  await Promise.all([opened(reader), opened(slow)]);
  slow.socket.pause();
  shim.peer.send(toShim.listen, 0, u32s(0));
  reader.stdin(0, 1n, 0n, '\n');
  await reader.exit();
  assert.equal(reader.output().length, size + 4);
  slow.socket.resume();
  await slow.exit();
  const offsets = slow.frames.filter(({ type }) => type === fromShim.data);
  const got = offsets.reduce((sum, { payload }) => sum + payload.length - 8, 0);
  assert.ok(got < size, `${got} of ${size}`);
  const last = offsets.at(-1);
  assert.ok(last);
  assert.ok(last.payload.subarray(-4).equals(Buffer.from('end\n')));
  assert.equal(last.payload.readBigUInt64LE(0) + BigInt(last.payload.length - 8), BigInt(size + 4));
  await finish(shim);
});

test('a client that has stopped reading is not waited for beside another one', async () => {
  const size = ring * 40;
  await using shim = await fixture().run(`read line; head -c ${size} /dev/zero`, {}, { openStdin: true });
  await shim.started();
  const reader = await open(shim.peer, { session: 1n });
  const stalled = await open(shim.peer, { session: 2n });
  await Promise.all([opened(reader), opened(stalled)]);
  stalled.socket.pause();
  reader.stdin(0, 1n, 0n, '\n');
  await reader.exit();
  assert.equal(reader.output().length, size);
  stalled.socket.resume();
  await stalled.exit();
  await finish(shim);
});

test('an onlooker that sends anything is closed, and so is a client with a malformed frame', async () => {
  await using shim = await fixture().run('cat; sleep 100', {}, { openStdin: true });
  await shim.started();
  const bad: (readonly [number, (client: Peer) => void])[] = [
    [onlooker, (client) => client.stdin(0, 1n, 0n, 'x')],
    [onlooker, (client) => client.signal(0, 9)],
    [1, (client) => client.stdin(0, 1n, 0n, 'x')],
    [all, (client) => client.send(toShim.taken, 0)],
    [all, (client) => client.send(toShim.hello, 0, u32s(1))],
    [
      all,
      (client) => {
        client.stdin(0, 1n, 0n, 'x');
        client.stdin(0, 1n, 5n, 'after a gap');
      },
    ],
    [all, (client) => client.socket.write(Buffer.from([255, 255, 255, 0]))],
  ];
  for (const [index, [may, does]] of bad.entries()) {
    const client = await open(shim.peer, { session: BigInt(index + 1), may });
    await opened(client);
    does(client);
    await client.closed;
  }
  assert.equal((await shim.peer.hello())[0]?.state, 2);
});

test('without a process there is no client', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const client = await open(shim.peer, { process: 77 });
  await client.closed;
  assert.equal(await answer(shim.peer), 0);
});

test('what a client has sent before it is let go reaches the process', async () => {
  await using shim = await fixture().run('cat', {}, { openStdin: true });
  await shim.started();
  const client = await open(shim.peer);
  await opened(client);
  const text = 'x'.repeat(50_000);
  client.stdin(0, 1n, 0n, text);
  await new Promise<void>((resolve) => client.socket.write('', () => resolve()));
  shim.peer.send(toShim.close, 0, u64s(1n));
  await client.closed;
  await shim.peer.until(() => shim.peer.output().length === text.length);
});

test('a shim that is told to end lets everything go, and stays for a client that still reads', async () => {
  await using shim = await fixture().run(`head -c ${ring} /dev/zero; head -c ${ring} /dev/zero >&2`);
  const client = await open(shim.peer);
  client.socket.pause();
  await shim.peer.exit();
  shim.peer.taken(0);
  await shim.peer.closed;
  client.socket.resume();
  await client.exit();
  assert.deepEqual([client.output().length, client.output(0, 2).length], [ring, ring]);
  await shim.ended();
});

test('without listening the daemon gets no output, but the end; and from where it listens again', async () => {
  await using shim = await fixture().run(
    'read line; echo unheard; read line; echo heard',
    {},
    { openStdin: true },
  );
  await shim.started();
  const client = await open(shim.peer);
  shim.peer.send(toShim.listen, 0, u32s(0));
  client.stdin(0, 1n, 0n, '\n');
  await client.outputMatches(/unheard/);
  shim.peer.send(toShim.listen, 0, u32s(1));
  assert.deepEqual((await shim.peer.snapshot(0, noBound)).ends, [8n, 0n]);
  client.stdin(0, 1n, 1n, '\n');
  await client.exit();
  await shim.peer.exit();
  assert.equal(shim.peer.text(), 'heard\n');
  await finish(shim);
});
