import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPort } from '../../proto/gen/types/liker/v1/PublishedPort.ts';
import { exposedPorts, portsText } from './ports.ts';

const port = (
  hostAddress: string,
  hostPort: number,
  containerPort: number,
  { protocol = 'tcp', length = 1 } = {},
): PublishedPort => ({ hostAddress, hostPort, containerPort, protocol, length, hostPorts: 1 });

test('published ports come with their address, exposed ones alone', () => {
  const published = [port('::1', 8080, 80), port('127.0.0.1', 8080, 80)];
  assert.equal(
    portsText(published, ['443/tcp', '80/tcp', '80/udp']),
    '80/udp, 443/tcp, 127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp',
  );
  assert.equal(portsText([], []), '');
});

test('ports beside each other are one range', () => {
  const each = [1, 2, 3].map((number) => port('0.0.0.0', 9000 + number, 9000 + number));
  assert.equal(portsText(each, []), '0.0.0.0:9001-9003->9001-9003/tcp');
  const ranges = [
    port('0.0.0.0', 8000, 80, { length: 11 }),
    port('0.0.0.0', 8011, 91),
    port('0.0.0.0', 8020, 92),
    port('0.0.0.0', 92, 92, { protocol: 'udp' }),
  ];
  assert.equal(
    portsText(ranges, []),
    '0.0.0.0:92->92/udp, 0.0.0.0:8000-8011->80-91/tcp, 0.0.0.0:8020->92/tcp',
  );
});

test('what is published is taken out of an exposed range', () => {
  assert.equal(
    portsText([port('127.0.0.1', 1, 85, { length: 2 })], ['80-90/tcp', '88-95/tcp']),
    ['80-84/tcp', '87-95/tcp', '127.0.0.1:1-2->85-86/tcp'].join(', '),
  );
});

test('exposed ranges are listed one by one', () => {
  assert.deepEqual(exposedPorts(['80-82/udp', '443/tcp']), ['80/udp', '81/udp', '82/udp', '443/tcp']);
});
