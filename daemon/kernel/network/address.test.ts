import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, addressText, subnetRange } from './address.ts';

test('the bytes of addresses', () => {
  for (const [text, hex] of [
    ['10.201.0.2', '0ac90002'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00:1::', 'fd000001000000000000000000000000'],
    ['2001:db8:0:1:2:3:4:5', '20010db8000000010002000300040005'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ] as const)
    assert.equal(addressBytes(text).toString('hex'), hex, text);
});

test('an address is written as RFC 5952 says', () => {
  for (const text of [
    '0.0.0.0',
    '10.201.0.2',
    '::',
    '::1',
    'fd00::',
    'fd00:1::2',
    '2001:db8:0:1:2:3:4:5',
    '2001:db8::1:0:0:1',
    '0:1::',
    '1:0:1::1',
    '::1:0:0:2',
  ])
    assert.equal(addressText(addressBytes(text)), text);
});

test('a text that is no address is refused', () => {
  for (const text of ['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', ':::', '1:2:3'])
    assert.throws(() => addressBytes(text), RangeError);
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
