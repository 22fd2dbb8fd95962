import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  overlap,
  parseAddress,
  parseSubnet,
} from './ip-address.ts';

function addressOf(text: string) {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}

function subnetOf(text: string) {
  const subnet = parseSubnet(text);
  assert.ok(subnet, text);
  return subnet;
}

test('an address reads back in its shortest form', () => {
  const forms: Readonly<Record<string, string>> = {
    '10.201.0.1': '10.201.0.1',
    '255.255.255.255': '255.255.255.255',
    '::': '::',
    '::1': '::1',
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    '2001:db8:0:1:0:0:0:1': '2001:db8:0:1::1',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    'fd00::': 'fd00::',
    '::ffff:192.0.2.1': '::ffff:c000:201',
  };
  for (const [text, shortest] of Object.entries(forms))
    assert.equal(formatAddress(addressOf(text)), shortest);
});

test('what is no address or subnet is none', () => {
  for (const text of ['', '10.201.0', '10.201.0.256', 'fe80::1%eth0', 'web', '1::2::3'])
    assert.equal(parseAddress(text), null, text);
  for (const text of ['10.201.0.0', '10.201.0.0/33', 'fd00::/129', '/24', '10.201.0.0/-1', '10.201.0.0/x'])
    assert.equal(parseSubnet(text), null, text);
});

test('a subnet has its addresses, and no others', () => {
  const subnet = subnetOf('10.201.4.9/24');
  assert.equal(formatSubnet(subnet), '10.201.4.0/24');
  assert.equal(formatAddress({ family: 4, value: lastOf(subnet) }), '10.201.4.255');
  assert.ok(contains(subnet, addressOf('10.201.4.0')));
  assert.ok(contains(subnet, addressOf('10.201.4.255')));
  assert.ok(!contains(subnet, addressOf('10.201.5.0')));
  assert.ok(!contains(subnetOf('::/0'), addressOf('10.201.4.1')));
  assert.equal(formatSubnet(subnetOf('0.0.0.0/0')), '0.0.0.0/0');
  assert.ok(contains(subnetOf('fd00::/8'), addressOf('fdff::1')));
});

test('subnets overlap when one has the other', () => {
  const pairs: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.201.4.0/24', true],
    ['10.201.4.0/24', '10.0.0.0/8', true],
    ['10.201.4.0/24', '10.201.5.0/24', false],
    ['10.201.4.0/23', '10.201.5.0/24', true],
    ['0.0.0.0/0', 'fd00::/64', false],
  ];
  for (const [one, other, isSo] of pairs)
    assert.equal(overlap(subnetOf(one), subnetOf(other)), isSo, `${one} ${other}`);
});
