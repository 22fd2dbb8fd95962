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
  const refused = {
    reason: 'TOO_MANY',
    message: /^Cannot pull 'x': its layers need about .*B, and .*B are free/,
  };
  await assert.rejects(reserveRoom(context, [{ size: third }, { size: third }], 'x'), refused);
  assert.equal(context.reserved.bytes, 0);
  const room = await reserveRoom(context, [{ size: third }], 'x');
  await assert.rejects(reserveRoom(context, [{ size: third }], 'x'), refused);
  room[Symbol.dispose]();
  assert.equal(context.reserved.bytes, 0);
});
