import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { reserveRoom } from './room.ts';

test('a pull is refused before it begins if its layers have no room, with the numbers; what others have reserved counts', async () => {
  const folder = tmpdir();
  const { bavail, bsize } = statfsSync(folder);
  // A third of what is free: twice that fits once.
  const third = Math.floor((bavail * bsize) / 3);
  const context = { layers: { folder }, reserved: { bytes: 0 } } as unknown as Parameters<
    typeof reserveRoom
  >[0];
  const layer = (digest: string) => ({ digest, size: third });
  const refused = {
    reason: 'TOO_MANY',
    message: /^Cannot pull 'x': its layers need about .*B, and .*B are free/,
  };
  await assert.rejects(reserveRoom(context, [layer('a'), layer('b')], 'x'), refused);
  assert.equal(context.reserved.bytes, 0);
  const room = await reserveRoom(context, [layer('a')], 'x');
  await assert.rejects(reserveRoom(context, [layer('a')], 'x'), refused);
  // What has come takes room on the disk, and is not counted twice.
  room.came({ digest: 'a', stage: 'downloading', bytes: third - 1000 });
  assert.equal(context.reserved.bytes, 2000);
  room.came({ digest: 'a', stage: 'waiting', bytes: 0 });
  assert.equal(context.reserved.bytes, 2000);
  const other = await reserveRoom(context, [layer('a')], 'x');
  room.came({ digest: 'a', stage: 'done', bytes: third });
  assert.equal(context.reserved.bytes, 2 * third);
  room[Symbol.dispose]();
  assert.equal(context.reserved.bytes, 2 * third);
  other[Symbol.dispose]();
  assert.equal(context.reserved.bytes, 0);
});
