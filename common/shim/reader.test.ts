import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromShim } from './protocol.ts';
import { FrameReader } from './reader.ts';

function frame(type: number, stream: number, process: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + payload.length);
  bytes.writeUInt32LE(8 + payload.length, 0);
  bytes[4] = type;
  bytes[5] = stream;
  bytes.writeUInt32LE(process, 8);
  payload.copy(bytes, 12);
  return bytes;
}

function dataFrame(offset: bigint, text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(offset);
  return frame(fromShim.data, 1, 7, Buffer.concat([head, Buffer.from(text)]));
}

function gather(): { reader: FrameReader; seen: string[] } {
  const seen: string[] = [];
  const reader = new FrameReader({
    data: (header, offset, bytes) => seen.push(`data ${header.process} ${offset} ${bytes}`),
    frame: (header, payload) => seen.push(`frame ${header.type} ${header.process} ${payload}`),
  });
  return { reader, seen };
}

test('frames arrive complete and in order, however the bytes are split', () => {
  const bytes = Buffer.concat([
    frame(fromShim.stdinAck, 0, 1, Buffer.from('abc')),
    dataFrame(10n, 'hello'),
    frame(fromShim.exit, 0, 2, Buffer.from('end')),
  ]);
  for (let size = 1; size <= bytes.length; size++) {
    const { reader, seen } = gather();
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.equal(seen[0], `frame ${fromShim.stdinAck} 1 abc`);
    assert.equal(seen.at(-1), `frame ${fromShim.exit} 2 end`);
    const pieces = seen.slice(1, -1).map((line) => /^data 7 (\d+) (.*)$/.exec(line));
    assert.equal(pieces.map((piece) => piece?.[2]).join(''), 'hello');
    let next = 10;
    for (const piece of pieces) {
      assert.equal(Number(piece?.[1]), next);
      next += piece?.[2]?.length ?? 0;
    }
  }
});

test('a data frame without bytes is skipped', () => {
  const { reader, seen } = gather();
  reader.push(Buffer.concat([dataFrame(5n, ''), frame(fromShim.exit, 0, 2, Buffer.from('end'))]));
  assert.deepEqual(seen, [`frame ${fromShim.exit} 2 end`]);
});

test('a length that no shim sends is refused', () => {
  for (const length of [0, 7, 0xffff_ffff]) {
    const { reader } = gather();
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32LE(length, 0);
    assert.throws(() => reader.push(bytes), { reason: 'SHIM_LOST' });
  }
});
