import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileSockets } from './sockets.ts';

/** Sockets in a new folder. Each connection is of the next of these users. */
function socketsFor(t: TestContext, uids: number[]): { sockets: FileSockets; folder: string } {
  const home = mkdtempSync(join(tmpdir(), 'lk-s-'));
  t.after(() => rmSync(home, { recursive: true }));
  const folder = join(home, 'files');
  mkdirSync(folder);
  writeFileSync(join(folder, 'left'), '');
  return { sockets: new FileSockets(folder, () => uids.shift() ?? -1), folder };
}

function client(t: TestContext, path: string): Socket {
  const socket = connect(path);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  return socket;
}

test('the first connection of its user gets the socket, and nobody after it', async (t) => {
  const { sockets, folder } = socketsFor(t, [8, 7]);
  assert.deepEqual(readdirSync(folder), [], 'what another likerd has left is gone');
  assert.equal(statSync(folder).mode & 0o777, 0o711);
  using offered = await sockets.offer(7);
  assert.ok(offered);
  const stranger = client(t, offered.path);
  await once(stranger, 'close');
  const own = client(t, offered.path);
  const taken = await offered.connected;
  t.after(() => taken.destroy());
  assert.equal(existsSync(offered.path), false);
  own.end('hello');
  taken.setEncoding('utf8').resume();
  assert.deepEqual(await once(taken, 'data'), ['hello']);
});

test('an offer that has ended cannot be taken', async (t) => {
  const { sockets } = socketsFor(t, [7]);
  const offered = await sockets.offer(7);
  assert.ok(offered);
  offered[Symbol.dispose]();
  assert.equal(existsSync(offered.path), false);
  await assert.rejects(offered.connected, /Nobody has connected/);
});

test('where none can be, none is offered', async (t) => {
  const { sockets, folder } = socketsFor(t, []);
  rmSync(folder, { recursive: true });
  assert.equal(await sockets.offer(7), null);
});
