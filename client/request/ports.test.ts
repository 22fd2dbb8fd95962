import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import type { PublishedPortInput } from '../../proto/gen/types/liker/v1/PublishedPort.ts';
import { parseExposed, parsePublished } from './ports.ts';

const one: PublishedPortInput = {
  hostAddress: '',
  hostPort: 0,
  containerPort: 80,
  protocol: 'tcp',
  length: 1,
  hostPorts: 1,
};

const parsed: readonly (readonly [string, Partial<PublishedPortInput>])[] = [
  ['80', {}],
  [':80', {}],
  ['::80', {}],
  ['0:80', {}],
  ['80/udp', { protocol: 'udp' }],
  ['80/SCTP', { protocol: 'sctp' }],
  ['8080:80', { hostPort: 8080 }],
  ['08080:80', { hostPort: 8080 }],
  ['8080:80/udp', { hostPort: 8080, protocol: 'udp' }],
  ['127.0.0.1:8080:80', { hostAddress: '127.0.0.1', hostPort: 8080 }],
  ['127.0.0.1::80', { hostAddress: '127.0.0.1' }],
  ['0.0.0.0:8080:80', { hostAddress: '0.0.0.0', hostPort: 8080 }],
  ['[::1]:8080:80', { hostAddress: '::1', hostPort: 8080 }],
  ['[::1]::80', { hostAddress: '::1' }],
  ['[::]:8080:80', { hostAddress: '::', hostPort: 8080 }],
  ['::1:8080:80', { hostAddress: '::1', hostPort: 8080 }],
  ['2001:db8::7:8080:80/udp', { hostAddress: '2001:db8::7', hostPort: 8080, protocol: 'udp' }],
  ['8000-8010:80-90', { hostPort: 8000, length: 11 }],
  ['80-90', { length: 11 }],
  ['127.0.0.1::80-90', { hostAddress: '127.0.0.1', length: 11 }],
  ['8000-8010:80', { hostPort: 8000, hostPorts: 11 }],
  [
    '127.0.0.1:8000-8010:80/udp',
    { hostAddress: '127.0.0.1', hostPort: 8000, hostPorts: 11, protocol: 'udp' },
  ],
  ['80-80:80-80', { hostPort: 80 }],
  ['1-65535:1-65535', { hostPort: 1, containerPort: 1, length: 65535 }],
  ['published=8080,target=80', { hostPort: 8080 }],
  ['target=80,protocol=udp,mode=host', { protocol: 'udp' }],
];

describe('-p', () => {
  for (const [text, expected] of parsed)
    test(`${text} is parsed`, () => assert.deepEqual(parsePublished(text), { ...one, ...expected }));

  for (const [text, why] of [
    ['', /the port of the container is missing/],
    ['8080:', /the port of the container is missing/],
    ['/tcp', /the port of the container is missing/],
    ['127.0.0.1:80', /127\.0\.0\.1:HOSTPORT:80, or 127\.0\.0\.1::80/],
    ['localhost:80:80', /'localhost' is not an IP address; use 127\.0\.0\.1/],
    ['eth0:80:80', /'eth0' is not an IP address$/],
    ['fe80::1%eth0:80:80', /is not an IP address/],
    ['[::1:80:80', /is not an IP address/],
    ['http:80', /'http' is not a port/],
    ['8080:http', /'http' is not a port/],
    ['80:0', /0 is not a port, which is from 1 to 65535/],
    ['65536:80', /65536 is not a port/],
    ['-1:80', /'-1' is not a port/],
    ['8010-8000:80', /ends before it begins/],
    ['0-10:80-90', /begins with 0/],
    ['8000-8005:80-90', /the host has 6 ports and the container 11 ports/],
    ['8080:80-90', /the host has 1 port and the container 11 ports/],
    ['80/icmp', /'icmp' is not a protocol; use tcp, udp, sctp/],
    ['80/', /'' is not a protocol/],
    ['80/tcp/udp', /more than one slash/],
    ['published=80', /target, the port of the container, is missing/],
    ['target=80,target=81', /'target' is given twice/],
    ['target=80,host_ip=1', /unknown key 'host_ip'/],
    ['target=80,mode=quick', /mode is host/],
  ] as const) {
    test(`${text} is refused`, () => {
      assert.throws(
        () => parsePublished(text),
        (error) =>
          error instanceof LikerError &&
          error.message.startsWith(`Invalid --publish '${text}': `) &&
          why.test(error.message),
      );
    });
  }
});

test('--expose has a port or a range, and a protocol', () => {
  assert.deepEqual(['80', '80-80', '80-90/UDP'].map(parseExposed), ['80/tcp', '80/tcp', '80-90/udp']);
  for (const text of ['', '0', '90-80', '8080:80', '80/icmp'])
    assert.throws(() => parseExposed(text), LikerError, text);
});
