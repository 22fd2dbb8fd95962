import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeLimits, limitsOf as resources } from './resources.ts';

const mib = 2 ** 20;

test('an update replaces the given limits and keeps the rest', () => {
  const disk = (device: string, value: number) => ({ device, value });
  const now = resources({
    memory: { maxBytes: 64 * mib, highBytes: mib },
    hugetlb: [{ pageSize: '2MB', maxBytes: mib, reservationBytes: null }],
    io: { readBps: [disk('/dev/a', 1), disk('/dev/b', 2)] },
    cgroup: { settings: [{ file: 'x.y', value: '1' }] },
  });
  const change = resources({
    memory: { maxBytes: -1 },
    hugetlb: [{ pageSize: '2MB', maxBytes: null, reservationBytes: 0 }],
    io: { readBps: [disk('/dev/b', 0)] },
    cgroup: { settings: [{ file: 'z.y', value: '2' }] },
  });
  assert.deepEqual(
    mergeLimits(now, change),
    resources({
      memory: { maxBytes: -1, highBytes: mib },
      hugetlb: [{ pageSize: '2MB', maxBytes: mib, reservationBytes: 0 }],
      io: { readBps: [disk('/dev/a', 1), disk('/dev/b', 0)] },
      cgroup: {
        settings: [
          { file: 'x.y', value: '1' },
          { file: 'z.y', value: '2' },
        ],
      },
    }),
  );
});

test('a container that becomes idle loses its share', () => {
  const idle = resources({ cpu: { idle: true } });
  assert.deepEqual(mergeLimits(resources({ cpu: { shares: 512 } }), idle), idle);
});

test('a record of an older likerd gets the limits that it did not have', () => {
  const stored = JSON.parse('{"cpu":{"shares":5},"memory":{"maxBytes":9},"pids":{"max":null}}');
  const none = resources({});
  assert.deepEqual(none.cpu.weight, null);
  assert.deepEqual(none.io.readBps, []);
  assert.deepEqual(resources(stored), {
    ...none,
    cpu: { ...none.cpu, shares: 5 },
    memory: { ...none.memory, maxBytes: 9 },
  });
});
