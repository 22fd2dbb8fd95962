import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEgressRule } from './egress.ts';

const name = (text: string, more: object = {}) => ({
  kind: 'name',
  name: text,
  wildcard: false,
  ports: null,
  ...more,
});
const subnet = (text: string, ports: object | null = null) => ({ kind: 'subnet', subnet: text, ports });
const any = (first: number, last = first) => ({ protocol: 'any', first, last });

test('a rule names what is allowed, and its ports', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['example.org', name('example.org')],
    ['Example.ORG.', name('example.org')],
    ['*.debian.org:443', name('debian.org', { wildcard: true, ports: any(443) })],
    ['db:5432/tcp', name('db', { ports: { protocol: 'tcp', first: 5432, last: 5432 } })],
    ['_srv.example:8000-8063', name('_srv.example', { ports: any(8000, 8063) })],
    ['10.0.0.0/8', subnet('10.0.0.0/8')],
    ['10.0.0.0/8:53/UDP', subnet('10.0.0.0/8', { protocol: 'udp', first: 53, last: 53 })],
    ['192.0.2.7', subnet('192.0.2.7/32')],
    ['192.0.2.7/udp', subnet('192.0.2.7/32', { protocol: 'udp', first: 0, last: 65_535 })],
    [' 192.0.2.7:1-65535 ', subnet('192.0.2.7/32', any(1, 65_535))],
    ['2001:DB8::/32', subnet('2001:db8::/32')],
    ['2001:db8::0:1', subnet('2001:db8::1/128')],
    ['[2001:db8::/32]:443', subnet('2001:db8::/32', any(443))],
    ['[2001:db8::]/32:443', subnet('2001:db8::/32', any(443))],
    ['[::1]', subnet('::1/128')],
    ['0.0.0.0/0', subnet('0.0.0.0/0')],
  ];
  for (const [text, rule] of cases) assert.deepEqual(parseEgressRule(text), rule, text);
});

test('what is no rule is refused, with what is wrong', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /'' is neither a name/],
    ['*', /everything is allowed by all/],
    ['*.', /neither a name/],
    ['a.*.org', /neither a name/],
    ['exa mple.org', /neither a name/],
    ['https://example.org', /no port/],
    ['example.org:', /the port is missing/],
    ['example.org:0', /'0' is no port/],
    ['example.org:65536', /no port/],
    ['example.org:9-8', /no port/],
    ['example.org:http', /no port/],
    ['example.org:1-65', /at most 64 in a row/],
    ['example.org/sctp', /neither a name/],
    ['10.1.0.0/8', /bits of a host; write it as '10.0.0.0\/8'/],
    ['10.0.0.0/33', /neither a name/],
    ['10.0.0.256', /neither a name/],
    ['999', /neither a name/],
    ['fe80::1%eth0', /neither a name/],
    [`${'a'.repeat(64)}.org`, /neither a name/],
  ];
  for (const [text, why] of cases) assert.throws(() => parseEgressRule(text), why, text);
});
