import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, type Frame, FrameError, FrameReader } from '../common/ttrpc/frames.ts';
import { decodeRequest, encodeRequest } from '../common/ttrpc/messages.ts';
import { bytesOf, holds } from './property.ts';

const frames: fc.Arbitrary<Frame> = fc.record({
  stream: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  type: fc.nat(255),
  flags: fc.nat(255),
  data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

function readInPieces(bytes: Buffer, cuts: readonly number[]): Frame[] {
  const reader = new FrameReader();
  const seen: Frame[] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    seen.push(...reader.push(bytes.subarray(at, at + cut)));
    at += cut;
  }
  return seen;
}

test('frames of ttrpc arrive whole, however they are cut', () => {
  holds(
    fc.tuple(fc.array(frames, { maxLength: 6 }), fc.array(fc.nat(60), { maxLength: 30 })),
    ([sent, cuts]) => {
      const bytes = Buffer.concat(
        sent.map(({ stream, type, flags, data }) => encodeFrame(stream, type, flags, data)),
      );
      assert.deepEqual(
        readInPieces(bytes, cuts),
        sent.map((frame) => ({ ...frame })),
      );
    },
  );
});

test('any bytes are frames of ttrpc or a FrameError', () => {
  holds(
    fc.tuple(
      bytesOf('\0\0\0\u0005', '\0\0\0\u0001', '\u0001\0', 'PRI * HTTP/2.0'),
      fc.array(fc.nat(30), { maxLength: 20 }),
    ),
    ([bytes, cuts]) => {
      try {
        for (const { stream } of readInPieces(bytes, cuts)) assert.ok(stream > 0);
      } catch (error) {
        assert.ok(error instanceof FrameError, `${error}`);
      }
    },
  );
});

test('a request of ttrpc is read as it was written', () => {
  const name = fc.stringMatching(/^[A-Za-z.]{1,20}$/);
  const requests = fc.record({
    path: fc.tuple(name, name).map((names) => `/${names.join('/')}`),
    payload: fc.option(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))),
    timeoutNano: fc.maxSafeNat(),
  });
  holds(requests, (request) => {
    const read = decodeRequest(encodeRequest(request));
    assert.deepEqual({ ...read, payload: read.payload && Buffer.from(read.payload) }, { ...request });
  });
});
