import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuStats, parseThrottling, parseUsageV1, parseUsageV2 } from './cpu.ts';
import type { FindFolder } from './group.ts';

const v2 = `usage_usec 2721693
user_usec 2672543
system_usec 49150
nice_usec 0
core_sched.force_idle_usec 0
nr_periods 24
nr_throttled 23
throttled_usec 1843219
nr_bursts 0
burst_usec 0`;
const v1 = 'nr_periods 24\nnr_throttled 23\nthrottled_time 1843219345\nnr_bursts 0\nburst_time 0';

test('both versions give the same figures, in microseconds', () => {
  const throttling = { periods: 24, throttledPeriods: 23, throttledUs: 1843219 };
  assert.deepEqual(parseThrottling(v2), throttling);
  assert.deepEqual(parseThrottling(v1), throttling);
  const usage = { usageUs: 2721693, userUs: 2672543, systemUs: 49150 };
  assert.deepEqual(parseUsageV2(v2), usage);
  assert.deepEqual(parseUsageV1('2721693118', '2672543001', '49150117'), usage);
});

test('a missing figure is null, not zero', () => {
  assert.equal(parseThrottling('usage_usec 1\nuser_usec 1\nsystem_usec 0'), null);
  assert.equal(parseThrottling(null), null);
  assert.equal(parseUsageV2(null), null);
  assert.equal(parseUsageV1(null, null, null), null);
  assert.deepEqual(parseUsageV1('5000', null, null), { usageUs: 5, userUs: null, systemUs: null });
});

/** The folders of a layout. */
const where =
  (folders: Readonly<Record<string, [1 | 2, string]>>): FindFolder =>
  (controller) => {
    const [version, path] = folders[controller] ?? [];
    return version === undefined || path === undefined ? null : { version, path };
  };

test('each layout has its own files', () => {
  const pure = where({ cgroup: [2, '/u'], cpu: [2, '/u'] });
  assert.deepEqual(cpuStats(pure).files, ['/u/cpu.stat', '/u/cpu.stat']);
  const hybrid = where({ cgroup: [2, '/u'], cpu: [1, '/cpu'], cpuacct: [1, '/acct'] });
  assert.deepEqual(cpuStats(hybrid).files, ['/u/cpu.stat', '/cpu/cpu.stat']);
  const old = where({ cpu: [1, '/cpu'], cpuacct: [1, '/acct'] });
  const files = ['usage', 'usage_user', 'usage_sys'].map((name) => `/acct/cpuacct.${name}`);
  assert.deepEqual(cpuStats(old).files, [...files, '/cpu/cpu.stat']);
  const none = cpuStats(where({}));
  assert.deepEqual(none.files, []);
  assert.deepEqual(none.parse([]), { usage: null, throttling: null });
});
