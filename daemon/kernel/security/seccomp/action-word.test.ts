import assert from 'node:assert/strict';
import { test } from 'node:test';
import { action } from '../../../native/libseccomp.ts';
import { actionWord } from './action-word.ts';

test('every action has its word', () => {
  for (const [value, word] of [
    [action.allow, 'allow'],
    [action.log, 'log'],
    [action.trap, 'trap'],
    [action.trace(7), 'trace'],
    [action.killThread, 'kill-thread'],
    [action.killProcess, 'kill-process'],
    [action.errno(1), 'errno EPERM'],
    [action.errno(38), 'errno ENOSYS'],
    [action.errno(0), 'errno 0'],
  ] as const)
    assert.equal(actionWord(value), word);
});
