import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readResult } from './result.ts';

const none = { nameservers: [], search: [], options: [] };

test('results of versions 0.1.0 and 0.2.0', () => {
  const result = {
    cniVersion: '0.2.0',
    ip4: { ip: '10.1.0.5/16', gateway: '10.1.0.1', routes: [{ dst: '0.0.0.0/0' }] },
    ip6: { ip: 'fd00::5/64' },
    dns: { nameservers: ['10.1.0.1'], domain: 'lan', search: ['corp'] },
  };
  assert.deepEqual(readResult(result, 'eth0'), {
    addresses: [
      { address: '10.1.0.5', prefix: 16, gateway: '10.1.0.1' },
      { address: 'fd00::5', prefix: 64, gateway: '' },
    ],
    mac: '',
    dns: { nameservers: ['10.1.0.1'], search: ['lan', 'corp'], options: [] },
  });
});

for (const [cniVersion, family] of [
  ['0.3.0', { version: '4' }],
  ['0.4.0', { version: '4' }],
  ['1.0.0', {}],
  ['1.1.0', {}],
] as const)
  test(`results of version ${cniVersion}: addresses of the container's interface, not those of the host`, () => {
    const result = {
      cniVersion,
      interfaces: [
        { name: 'cni0', mac: '02:00:00:00:00:01' },
        { name: 'veth1', mac: '02:00:00:00:00:02', mtu: 1500 },
        { name: 'eth0', mac: '02:00:00:00:00:03', sandbox: '/proc/7/fd/9' },
      ],
      ips: [
        { ...family, address: '10.2.0.1/24', interface: 0 },
        { ...family, address: '10.2.0.9/24', gateway: '10.2.0.1', interface: 2 },
        { ...family, address: '10.2.0.10/24' },
      ],
      dns: {},
    };
    assert.deepEqual(readResult(result, 'eth0'), {
      addresses: [
        { address: '10.2.0.9', prefix: 24, gateway: '10.2.0.1' },
        { address: '10.2.0.10', prefix: 24, gateway: '' },
      ],
      mac: '02:00:00:00:00:03',
      dns: none,
    });
  });

test('lists that are null, as Go writes them, are empty', () => {
  assert.deepEqual(readResult({ interfaces: null, ips: null, dns: { nameservers: null } }, 'eth0'), {
    addresses: [],
    mac: '',
    dns: none,
  });
});

test('what is no result is refused with the field', () => {
  for (const [result, field] of [
    [null, /its result/],
    [{ ips: [{ address: 7 }] }, /ips\[0\]\.address/],
    [{ interfaces: 'eth0' }, /interfaces/],
    [{ dns: { nameservers: [1] } }, /dns\.nameservers/],
  ] as const)
    assert.throws(() => readResult(result, 'eth0'), field);
});
