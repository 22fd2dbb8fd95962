import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import { type OwnLimits, parseHardLimits, resolveRlimits, rlimitNames } from './rlimits.ts';

const infinity = String(2n ** 64n - 1n);
const poor: OwnLimits = { hard: rlimitNames.map(() => 20_000n), mayRaise: false, mostFiles: 1_048_576n };
const rich: OwnLimits = { ...poor, mayRaise: true };

function refuses(
  reason: string,
  pattern: RegExp,
  name: string,
  soft: string,
  hard: string,
  limits = poor,
): void {
  assert.throws(
    () => resolveRlimits([{ name, soft, hard }], limits),
    (error) => error instanceof LikerError && error.reason === reason && pattern.test(error.message),
  );
}

test('T50: the limit of open files is set explicitly, as high as the daemon may', () => {
  assert.deepEqual(resolveRlimits([], rich), [{ resource: 7, soft: '1024', hard: '524288' }]);
  assert.deepEqual(resolveRlimits([], poor), [{ resource: 7, soft: '1024', hard: '20000' }]);
});

test('names become numbers in order, and the last value given counts', () => {
  const asked = [
    { name: 'nofile', soft: '10', hard: '20' },
    { name: 'core', soft: '0', hard: '0' },
    { name: 'nofile', soft: '30', hard: '40' },
  ];
  assert.deepEqual(resolveRlimits(asked, poor), [
    { resource: 4, soft: '0', hard: '0' },
    { resource: 7, soft: '30', hard: '40' },
  ]);
});

test('the error for a limit that the daemon may not set gives the highest possible value', () => {
  refuses('NOT_PERMITTED', /nproc=20000/, 'nproc', '1', '20001');
  refuses('NOT_PERMITTED', /unlimited.*20000/, 'core', '0', infinity);
  refuses('NOT_PERMITTED', /1048576/, 'nofile', '1', '2000000', rich);
  assert.equal(resolveRlimits([{ name: 'core', soft: '0', hard: infinity }], rich)[0]?.hard, infinity);
});

test('invalid limits are refused', () => {
  refuses('BAD_ARGUMENT', /Unknown limit 'files'/, 'files', '1', '1');
  refuses('BAD_ARGUMENT', /soft 2 is greater than hard 1/, 'nofile', '2', '1');
  for (const text of ['-1', '', '1e3', '0x1', '1.5', '99999999999999999999']) {
    refuses('BAD_ARGUMENT', /Invalid limit/, 'nofile', '0', text);
  }
});

test('the lines of /proc/PID/limits are in the order of the numbers', () => {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const hard = parseHardLimits(limits);
  assert.equal(hard.length, 16);
  const shell = execFileSync('/bin/sh', ['-c', 'ulimit -Hn; ulimit -Hc; ulimit -Hs'], { encoding: 'utf8' });
  const expected = shell
    .trim()
    .split('\n')
    .map((text) => (text === 'unlimited' ? 2n ** 64n - 1n : BigInt(text)));
  assert.equal(hard[7], expected[0]);
  // sh counts core in blocks of 512 bytes and the stack in KiB.
  assert.equal(hard[4] === 2n ** 64n - 1n, expected[1] === 2n ** 64n - 1n);
  assert.equal(hard[3] === 2n ** 64n - 1n, expected[2] === 2n ** 64n - 1n);
});
