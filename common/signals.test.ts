import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { LikerError } from './errors.ts';
import { parseSignal, signalName } from './signals.ts';

test('a signal is named with or without SIG, in any case, or by its number', () => {
  for (const text of ['TERM', 'SIGTERM', 'sigterm', 'Term', '15']) assert.equal(parseSignal(text, 'f'), 15);
});

test('the numbers are those of this kernel', () => {
  for (const [name, number] of Object.entries(constants.signals))
    assert.equal(parseSignal(name, 'f'), number);
});

test('real-time signals count from both ends of the range', () => {
  assert.equal(parseSignal('RTMIN', 'f'), 34);
  assert.equal(parseSignal('SIGRTMIN+3', 'f'), 37);
  assert.equal(parseSignal('RTMAX-1', 'f'), 63);
  assert.equal(signalName(37), 'SIGRTMIN+3');
});

test('an unknown signal is refused, and the error names the field', () => {
  for (const text of [
    '',
    '0',
    '65',
    '-9',
    'SIG',
    'SIGFOO',
    'RTMIN+31',
    'RTMAX+1',
    'RTMIN-1',
    '9x',
    'constructor',
  ]) {
    assert.throws(
      () => parseSignal(text, 'signal'),
      (error) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT' && error.field === 'signal',
      text,
    );
  }
});

test('every standard signal maps to its name and back', () => {
  for (let number = 1; number <= 64; number += 1) {
    if (number !== 32 && number !== 33) assert.equal(parseSignal(signalName(number), 'f'), number);
  }
});
