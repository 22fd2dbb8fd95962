import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSignal, signalName } from '../common/signals.ts';
import {
  formatBinaryBytes,
  formatBytes,
  humanDuration,
  pageSizeName,
  parseBitRate,
  parseBytes,
  parseCpuList,
  parseCpus,
  parseDuration,
  parseTimestamp,
} from '../common/units.ts';
import { accepted, holds, textOf } from './property.ts';

const sizes = textOf('1', '64', '.', '5', 'k', 'm', 'G', 'i', 'b', 'B', ' ', '-1', 'e3', '0x10', '_');

test('sizes', () => {
  holds(fc.tuple(sizes, fc.boolean()), ([text, allowUnlimited]) => {
    const bytes = accepted(() => parseBytes(text, 'size', { allowUnlimited }));
    if (bytes === undefined) return;
    assert.ok(Number.isSafeInteger(bytes) && (bytes >= 0 || (allowUnlimited && bytes === -1)));
    if (bytes >= 0) assert.equal(parseBytes(String(bytes), 'size'), bytes, 'its digits are the same size');
  });
  holds(fc.tuple(fc.maxSafeNat(), fc.constantFrom('k', 'm', 'g', 't', 'p')), ([count, unit]) => {
    const bytes = accepted(() => parseBytes(`${count}${unit}`, 'size'));
    const exact = BigInt(count) << BigInt(10 * (1 + 'kmgtp'.indexOf(unit)));
    if (bytes === undefined) assert.ok(exact > BigInt(Number.MAX_SAFE_INTEGER));
    else assert.equal(BigInt(bytes), exact);
  });
});

test('sizes as they are printed', () => {
  holds(fc.oneof(fc.maxSafeNat(), fc.double({ min: 0, max: 2 ** 63, noNaN: true })), (bytes) => {
    for (const text of [formatBytes(bytes), formatBinaryBytes(bytes)])
      assert.match(text, /^\d+(\.\d+)?(e[+-]?\d+)?([kKMGTP]i?)?B$/);
  });
  holds(fc.nat(20), (exponent) => {
    const bytes = 2 ** (exponent + 12);
    assert.equal(parseBytes(pageSizeName(bytes), 'size'), bytes);
  });
});

test('rates, in bits per second', () => {
  holds(textOf('1', '10', '.', '5', 'k', 'm', 'g', 't', 'bit', 'BIT', '0'), (text) => {
    const bits = accepted(() => parseBitRate(text, 'rate'));
    if (bits === undefined || bits === 0) return;
    assert.ok(Number.isSafeInteger(bits) && bits >= 1000 && bits <= 1e15);
    assert.equal(parseBitRate(`${bits}bit`, 'rate'), bits);
  });
});

test('numbers of CPUs, and lists of them', () => {
  holds(textOf('1', '.', '5', '0', '25'), (text) => {
    const found = accepted(() => parseCpus(text, 'cpus'));
    if (found === undefined) return;
    assert.ok(Number.isSafeInteger(found.quotaUs) && found.quotaUs >= 1000 && found.periodUs === 100_000);
  });
  holds(textOf('0', '1', '-', ',', '8191', '9999'), (text) => {
    const list = accepted(() => parseCpuList(text, 'cpuset'));
    if (list === undefined) return;
    assert.ok(list.length > 0 && list.every((cpu, index) => cpu <= 8191 && cpu > (list[index - 1] ?? -1)));
    assert.deepEqual(parseCpuList(list.join(','), 'cpuset'), list);
  });
});

const durations = textOf('1', '30', '.', '5', 'ns', 'us', 'µs', 'ms', 's', 'm', 'h', '-', '+');

test('durations', () => {
  holds(fc.tuple(durations, fc.boolean()), ([text, plainSeconds]) => {
    const ms = accepted(() => parseDuration(text, 'timeout', { plainSeconds }));
    if (ms === undefined) return;
    assert.ok(Number.isFinite(ms) && ms >= 0);
    assert.match(humanDuration(ms), /^(Less than a second|About an? (minute|hour)|\d+(e\+\d+)? [a-z]+)$/);
  });
  holds(fc.nat(), (ms) => assert.equal(parseDuration(`${ms}ms`, 'timeout'), ms));
});

const times = textOf(
  ...[
    '2026-01-31',
    '2026-02-31',
    'T',
    ' ',
    '12:00',
    ':05',
    '.5',
    'Z',
    '+01:00',
    '10m',
    '-',
    '1767323045',
    '1h',
  ],
);

test('times', () => {
  holds(times, (text) => {
    const ns = accepted(() => parseTimestamp(text, 'since', 1_000_000));
    if (ns !== undefined) assert.equal(typeof ns, 'bigint');
  });
  holds(
    fc.date({ min: new Date('1971-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
    (date) => {
      const ns = BigInt(date.getTime()) * 1_000_000n;
      assert.equal(parseTimestamp(date.toISOString(), 'since'), ns);
      const seconds = `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
      assert.equal(parseTimestamp(seconds, 'since'), ns);
    },
  );
});

test('signals', () => {
  holds(textOf('SIG', 'TERM', 'kill', 'RTMIN', 'RTMAX', '+', '-', '3', '64', '65', ' '), (text) => {
    const number = accepted(() => parseSignal(text, 'signal'));
    if (number === undefined) return;
    assert.ok(Number.isInteger(number) && number >= 1 && number <= 64);
    assert.equal(parseSignal(signalName(number), 'signal'), number);
  });
});
