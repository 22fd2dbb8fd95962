import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interfaceStats, parseNetDev } from './net-dev.ts';

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
eth0.7:12345678901     200    1    2    0     0          0         0 98765432    300    3    4    0     0       0          0
`;

test('each interface is reported with its traffic in both directions', () => {
  const [lo, eth, ...more] = parseNetDev(text);
  assert.deepEqual(more, []);
  assert.equal(lo?.name, 'lo');
  assert.deepEqual(eth, {
    name: 'eth0.7',
    received: { bytes: 12345678901, packets: 200, errors: 1, dropped: 2 },
    sent: { bytes: 98765432, packets: 300, errors: 3, dropped: 4 },
  });
});

test('a process that has exited has no figures', () => {
  assert.equal(interfaceStats(1).parse([null]), null);
});
