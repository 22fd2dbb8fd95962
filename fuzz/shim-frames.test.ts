import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { LikerError } from '../common/errors.ts';
import { frameHeader, fromShim } from '../common/shim/protocol.ts';
import { FrameReader } from '../common/shim/reader.ts';
import { Cursor } from '../daemon/kernel/process/cursor.ts';
import { readExitRecord } from '../daemon/kernel/process/exit-record.ts';
import { readFailure, readState, report, type ShimListener } from '../daemon/kernel/process/reports.ts';
import { bytesOf, holds } from './property.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly process: number;
  readonly payload: Uint8Array;
}

function encode({ type, stream, process, payload }: Frame): Buffer {
  const header = Buffer.alloc(frameHeader);
  header.writeUInt32LE(frameHeader - 4 + payload.length, 0);
  header.writeUInt8(type, 4);
  header.writeUInt8(stream, 5);
  header.writeUInt32LE(process, 8);
  return Buffer.concat([header, payload]);
}

const frames: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(...Object.values(fromShim), 0, 255),
  stream: fc.nat(3),
  process: fc.constantFrom(0, 1, 2 ** 32 - 1),
  payload: fc.uint8Array({ maxLength: 120 }),
});

/** All that a reader passes on, with the pieces of a data frame put together. */
function readInPieces(bytes: Buffer, cuts: readonly number[]) {
  const seen: { readonly type: number; readonly process: number; payload: Buffer }[] = [];
  let open: { readonly header: object; end: bigint } | null = null;
  const reader = new FrameReader({
    data(header, offset, piece) {
      const last = seen.at(-1);
      if (open?.header === header && last && open.end === offset)
        last.payload = Buffer.concat([last.payload, piece]);
      else seen.push({ type: header.type, process: header.process, payload: Buffer.from(piece) });
      open = { header, end: offset + BigInt(piece.length) };
    },
    frame: ({ type, process }, payload) => void seen.push({ type, process, payload: Buffer.from(payload) }),
  });
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(at, at + cut));
    reader.push(chunk);
    chunk.fill(0xee); // the caller may reuse it
    at += cut;
  }
  return seen;
}

test('frames arrive whole, however they are cut', () => {
  const isWhole = ({ type, payload }: Frame) => type !== fromShim.data || payload.length >= 8;
  holds(
    fc.tuple(fc.array(frames.filter(isWhole), { maxLength: 6 }), fc.array(fc.nat(60), { maxLength: 30 })),
    ([sent, cuts]) => {
      const whole = sent.flatMap(({ type, process, payload }) => {
        const bytes = Buffer.from(type === fromShim.data ? payload.subarray(8) : payload);
        return type === fromShim.data && bytes.length === 0 ? [] : [{ type, process, payload: bytes }];
      });
      assert.deepEqual(readInPieces(Buffer.concat(sent.map(encode)), cuts), whole);
    },
  );
});

/** What a wrong frame may cause: its connection is closed for it (ShimListener.closed). */
function orFault(run: () => void): void {
  try {
    run();
  } catch (error) {
    assert.ok(
      error instanceof RangeError || (error instanceof LikerError && error.reason === 'SHIM_LOST'),
      `${error}`,
    );
  }
}

const listener = new Proxy({} as ShimListener, { get: () => () => {} });

test('bytes that are no frames end the connection, and cost no memory', () => {
  holds(bytesOf('\x08\0\0\0', '\xff\xff\xff\xff', '\x80', '\x83', '\0\0\0\0\0\0\0\0'), (bytes) => {
    orFault(() => new FrameReader({ data: () => {}, frame: () => {} }).push(bytes));
  });
  holds(frames, ({ type, stream, process, payload }) => {
    const header = { type, stream: stream as 1, process };
    orFault(() => report(listener, header, new Cursor(Buffer.from(payload))));
    orFault(() => void readState(new Cursor(Buffer.from(payload))));
    orFault(() => void readFailure(new Cursor(Buffer.from(payload))));
  });
});

test('an exit record is read as it was written, and otherwise there is none', () => {
  const path = join(folder, 'exit.0');
  const written = fc.record({
    code: fc.nat(255),
    signal: fc.nat(64),
    core: fc.nat(1),
    exited_at: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    stdout: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    stderr: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    cut: fc.nat(1),
    pid: fc.nat(2 ** 22),
    started_at: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  const text = (record: object) =>
    Object.entries(record)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  holds(fc.tuple(written, fc.nat(300)), ([record, length]) => {
    const whole = text(record);
    writeFileSync(path, whole);
    assert.deepEqual(readExitRecord(folder), {
      code: record.code,
      signal: record.signal,
      coreDumped: record.core === 1,
      startedAtNs: record.started_at,
      exitedAtNs: record.exited_at,
      outputCut: record.cut === 1,
    });
    if (length >= whole.length) return;
    writeFileSync(path, whole.slice(0, length));
    assert.equal(readExitRecord(folder), null, `a record that is cut off after ${length} bytes`);
  });
  const pieces = [
    'code',
    'signal',
    'core',
    'exited_at',
    'cut',
    'started_at',
    '=',
    '\n',
    '0',
    '137',
    '-1',
    '1e3',
  ];
  holds(bytesOf(...pieces), (bytes) => {
    writeFileSync(path, bytes);
    const record = readExitRecord(folder);
    if (record !== null) assert.ok(Number.isInteger(record.code) && Number.isInteger(record.signal));
  });
});
