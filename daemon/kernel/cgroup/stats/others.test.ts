import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHugetlb } from './hugetlb.ts';
import { parseIoV1, parseIoV2 } from './io.ts';
import { parsePids } from './pids.ts';
import { parsePressure } from './pressure.ts';

test('io: both versions give the same figures', () => {
  const bytes = `8:16 Read 4096
8:16 Write 0
8:16 Sync 4096
8:16 Async 0
8:16 Discard 0
8:16 Total 4096
254:0 Read 8192
254:0 Write 12288
254:0 Sync 20480
254:0 Total 20480
Total 24576`;
  const operations =
    '8:16 Read 1\n8:16 Write 0\n8:16 Total 1\n254:0 Read 2\n254:0 Write 3\n254:0 Total 5\nTotal 6';
  const devices = [
    { device: '8:16', readBytes: 4096, writeBytes: 0, readOps: 1, writeOps: 0 },
    { device: '254:0', readBytes: 8192, writeBytes: 12288, readOps: 2, writeOps: 3 },
  ];
  assert.deepEqual(parseIoV1(bytes, operations), devices);
  const v2 = `8:16 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
253:0
254:0 rbytes=8192 wbytes=12288 rios=2 wios=3 dbytes=0 dios=0`;
  assert.deepEqual(parseIoV2(v2), devices);
});

test('io: no device yet is an empty list, a missing file is null', () => {
  assert.deepEqual(parseIoV1('Total 0', 'Total 0'), []);
  assert.deepEqual(parseIoV2(''), []);
  assert.equal(parseIoV1(null, null), null);
  assert.equal(parseIoV2(null), null);
});

test('pids: usage and limit are parsed', () => {
  assert.deepEqual(parsePids(['7', '77']), { current: 7, limit: 77 });
  assert.deepEqual(parsePids(['7', 'max']), { current: 7, limit: null });
  assert.equal(parsePids([null, null]), null);
});

test('hugetlb: both versions give the same figures', () => {
  const stats = { pageSize: '2MB', usageBytes: 4194304, limitBytes: 8388608, refusals: 3 };
  assert.deepEqual(parseHugetlb('2MB', ['4194304', '8388608', 'max 3']), stats);
  assert.deepEqual(parseHugetlb('2MB', ['4194304', '8388608', '3']), stats);
  assert.equal(parseHugetlb('2MB', ['0', '9223372036852678656', '0'])?.limitBytes, null);
  assert.equal(parseHugetlb('2MB', ['0', 'max', 'max 0'])?.limitBytes, null);
  assert.equal(parseHugetlb('1GB', [null, null, null]), null);
});

test('pressure: averages and totals are parsed', () => {
  const some = 'some avg10=48.09 avg60=12.51 avg300=2.79 total=9519651';
  const full = 'full avg10=1.00 avg60=0.50 avg300=0.25 total=100';
  assert.deepEqual(parsePressure(`${some}\n${full}`), {
    some: { avg10: 48.09, avg60: 12.51, avg300: 2.79, totalUs: 9519651 },
    full: { avg10: 1, avg60: 0.5, avg300: 0.25, totalUs: 100 },
  });
  assert.equal(parsePressure(some)?.full, null);
  assert.equal(parsePressure(null), null);
  // PSI is built in but off: the file is there and cannot be read, or says nothing.
  assert.equal(parsePressure(''), null);
});
