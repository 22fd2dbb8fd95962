import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPaths } from './paths.ts';

test('paths that reveal or change the host are masked or read-only', () => {
  for (const path of [
    '/proc/kcore',
    '/proc/keys',
    '/sys/firmware',
    '/proc/timer_list',
    '/sys/devices/virtual/powercap',
  ]) {
    assert.ok(defaultPaths.masked.includes(path), path);
  }
  for (const path of ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq'])
    assert.ok(defaultPaths.readOnly.includes(path), path);
});
