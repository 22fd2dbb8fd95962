import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedPaths, readOnlyPaths } from './paths.ts';

test('what tells of the host or changes it is masked or read-only', () => {
  for (const path of [
    '/proc/kcore',
    '/proc/keys',
    '/sys/firmware',
    '/proc/timer_list',
    '/sys/devices/virtual/powercap',
  ]) {
    assert.ok(maskedPaths.includes(path), path);
  }
  for (const path of ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq'])
    assert.ok(readOnlyPaths.includes(path), path);
});
