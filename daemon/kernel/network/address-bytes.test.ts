import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, subnetRange } from './address-bytes.ts';

test('addresses of both families in all their spellings', () => {
  for (const [text, hex] of [
    ['10.201.0.2', '0ac90002'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00:1::a:b', 'fd0000010000000000000000000a000b'],
    ['fd00::', 'fd000000000000000000000000000000'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ] as const)
    assert.equal(addressBytes(text).toString('hex'), hex, text);
  for (const text of ['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', ':::'])
    assert.throws(() => addressBytes(text));
});

test('a subnet is from its first to its last address, whatever stands in the part of the host', () => {
  for (const [subnet, first, last] of [
    ['10.201.3.7/24', '0ac90300', '0ac903ff'],
    ['10.201.3.7/30', '0ac90304', '0ac90307'],
    ['10.201.3.7/32', '0ac90307', '0ac90307'],
    ['0.0.0.0/0', '00000000', 'ffffffff'],
    ['fd00:1::7/64', `fd000001${'0'.repeat(24)}`, `fd00000100000000${'f'.repeat(16)}`],
  ] as const) {
    const range = subnetRange(subnet);
    assert.deepEqual([range.first.toString('hex'), range.last.toString('hex')], [first, last], subnet);
  }
});
