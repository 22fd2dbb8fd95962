import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from './errors.ts';
import {
  formatBinaryBytes,
  formatBytes,
  humanDuration,
  parseBitRate,
  parseBytes,
  parseCpuList,
  parseCpus,
  parseDuration,
  parseTimestamp,
} from './units.ts';

function refuses(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT' && error.field === 'f',
      text,
    );
  }
}

test('rates are bits per second in powers of 1000, as in tc', () => {
  const table: [string, number][] = [
    ['0', 0],
    ['1kbit', 1000],
    ['10mbit', 10_000_000],
    ['1.5Gbit', 1_500_000_000],
    ['64000bit', 64_000],
    ['1tbit', 1e12],
  ];
  for (const [text, bits] of table) assert.equal(parseBitRate(text, 'f'), bits, text);
  const nonsense = [
    '',
    '10',
    '-1',
    '-5mbit',
    '10mb',
    '10mbps',
    '1e3bit',
    '1bit',
    '9999999tbit',
    'mbit',
    ' 1mbit',
  ];
  refuses((text) => parseBitRate(text, 'f'), nonsense);
  assert.throws(() => parseBitRate('fast', 'f'), /such as 10mbit/);
  assert.throws(() => parseBitRate('1bit', 'f'), /such as 10mbit/);
});

test('sizes are parsed as in Docker, exactly', () => {
  const table: [string, number][] = [
    ['0', 0],
    ['4096', 4096],
    ['4096b', 4096],
    ['64m', 64 * 2 ** 20],
    ['64M', 64 * 2 ** 20],
    ['512kb', 512 * 1024],
    ['512 KiB', 512 * 1024],
    ['1.5g', 1.5 * 2 ** 30],
    ['0.1m', 104857],
    ['2t', 2 * 2 ** 40],
    ['1p', 2 ** 50],
  ];
  for (const [text, bytes] of table) assert.equal(parseBytes(text, 'f'), bytes, text);
  assert.equal(parseBytes('-1', 'f', { allowUnlimited: true }), -1);
});

test('invalid sizes are refused', () => {
  refuses(
    (text) => parseBytes(text, 'f'),
    ['', '-1', '-64m', '64x', 'm', '1e3', '1,5g', '0x10', '9999999p', '99999999999999999999', ' 1', '1m '],
  );
});

test('sizes are printed as in Docker', () => {
  assert.equal(formatBytes(0), '0B');
  assert.equal(formatBytes(999), '999B');
  assert.equal(formatBytes(1_234_567), '1.23MB');
  assert.equal(formatBytes(999_999), '1MB');
  assert.equal(formatBinaryBytes(1.5 * 2 ** 30), '1.5GiB');
  assert.equal(formatBinaryBytes(64 * 2 ** 20), '64MiB');
  assert.equal(formatBinaryBytes(1023), '1023B');
});

test('CPUs become an exact quota', () => {
  assert.deepEqual(parseCpus('1.5', 'f'), { quotaUs: 150_000, periodUs: 100_000 });
  assert.deepEqual(parseCpus('.25', 'f'), { quotaUs: 25_000, periodUs: 100_000 });
  assert.deepEqual(parseCpus('0.29', 'f'), { quotaUs: 29_000, periodUs: 100_000 });
  refuses((text) => parseCpus(text, 'f'), ['', '0', '-1', '0.001', 'one', '1.', '1e2', '.']);
});

test('CPU lists are validated and bounded', () => {
  assert.deepEqual(parseCpuList('0-2,5,1', 'f'), [0, 1, 2, 5]);
  refuses((text) => parseCpuList(text, 'f'), ['', '-1', '2-1', '0-', 'a', '0,,1', '0-99999', '0 1']);
});

test('durations are parsed as in Go', () => {
  assert.equal(parseDuration('1h30m', 'f'), 5_400_000);
  assert.equal(parseDuration('10s', 'f'), 10_000);
  assert.equal(parseDuration('500ms', 'f'), 500);
  assert.equal(parseDuration('1.5s', 'f'), 1500);
  assert.equal(parseDuration('0', 'f'), 0);
  assert.equal(parseDuration('10', 'f', { plainSeconds: true }), 10_000);
  refuses(
    (text) => parseDuration(text, 'f'),
    ['', '10', '-1s', 's', '1 s', '1d', '1h 30m', '999999999999999999h'],
  );
});

test('durations are printed as in Docker', () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
  const table: [number, string][] = [
    [-5, 'Less than a second'],
    [450, 'Less than a second'],
    [second, '1 second'],
    [47 * second, '47 seconds'],
    [minute, 'About a minute'],
    [35 * minute, '35 minutes'],
    [hour, 'About an hour'],
    [3 * hour + 40 * minute, '4 hours'],
    [47 * hour, '47 hours'],
    [3 * day, '3 days'],
    [21 * day, '3 weeks'],
    [90 * day, '3 months'],
    [730 * day, '2 years'],
  ];
  for (const [ms, text] of table) assert.equal(humanDuration(ms), text);
});

test('timestamps keep their nanoseconds', () => {
  assert.equal(parseTimestamp('2026-01-31T12:00:00.123456789Z', 'f'), 1_769_860_800_123_456_789n);
  assert.equal(parseTimestamp('2026-01-31T13:00:00+01:00', 'f'), 1_769_860_800_000_000_000n);
  assert.equal(parseTimestamp('1769860800.5', 'f'), 1_769_860_800_500_000_000n);
  assert.equal(parseTimestamp('1769860800', 'f'), 1_769_860_800_000_000_000n);
  assert.equal(parseTimestamp('10m', 'f', 1_769_860_800_000), 1_769_860_200_000_000_000n);
  assert.equal(parseTimestamp('-10m', 'f', 1_769_860_800_000), 1_769_861_400_000_000_000n);
  assert.equal(parseTimestamp('2026-01-31', 'f'), BigInt(Date.parse('2026-01-31T00:00')) * 1_000_000n);
  refuses(
    (text) => parseTimestamp(text, 'f'),
    ['', 'yesterday', '2026-13-01', '2026-02-31T00:00:00Z', '--10m', '1.1.1'],
  );
});
