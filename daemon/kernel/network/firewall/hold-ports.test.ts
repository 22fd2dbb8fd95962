import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { type AskedPort, holdPorts } from './hold-ports.ts';

const any: AskedPort = { protocol: 'tcp', hostAddresses: ['127.0.0.1'], hostPort: 0, length: 1 };

async function listening(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer().listen({ port, host, exclusive: true });
  await once(server, 'listening');
  return server;
}

test('a port that is held cannot be had again, and nobody answers there', async () => {
  using held = holdPorts([any]);
  const [port = 0] = held.hostPorts;
  assert.throws(() => holdPorts([{ ...any, hostPort: port }]), { reason: 'PORT_IN_USE' });
  assert.throws(() => holdPorts([{ ...any, hostAddresses: ['0.0.0.0'], hostPort: port }]), {
    reason: 'PORT_IN_USE',
  });
  await assert.rejects(listening(port), { code: 'EADDRINUSE' });
  const client = connect(port, '127.0.0.1');
  const [error] = await once(client, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a port that is shared can be had by a program that sets SO_REUSEADDR, which then has it alone', async () => {
  const held = holdPorts([any, { ...any, protocol: 'udp' }]);
  const [tcp = 0, udp = 0] = held.hostPorts;
  await assert.rejects(listening(tcp), { code: 'EADDRINUSE' });
  held.share();
  // Node.js sets it for TCP, and for UDP on demand.
  const server = await listening(tcp);
  const socket = createSocket({ type: 'udp4', reuseAddr: true }).bind(udp, '127.0.0.1');
  await once(socket, 'listening');
  try {
    const heard = once(socket, 'message');
    const client = createSocket('udp4');
    client.send('x', udp, '127.0.0.1');
    await heard;
    client.close();
    held[Symbol.dispose]();
    for (const [protocol, hostPort] of [
      ['tcp', tcp],
      ['udp', udp],
    ] as const)
      assert.throws(() => holdPorts([{ ...any, protocol, hostPort }]), { reason: 'PORT_IN_USE' });
  } finally {
    server.close();
    socket.close();
  }
});

test('a port that was chosen and released can be chosen again', async () => {
  const held = holdPorts([any]);
  const [hostPort = 0] = held.hostPorts;
  held[Symbol.dispose]();
  using again = holdPorts([{ ...any, hostPort }]);
  await assert.rejects(listening(hostPort), { code: 'EADDRINUSE' });
  assert.deepEqual(again.hostPorts, [hostPort]);
});

test('a port can be had whose server has just ended, while its last connection waits for the time after it', async () => {
  const server = await listening(0);
  const { port } = server.address() as { port: number };
  const served = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  client.resume();
  const [socket] = await served;
  // The one who closes first is the one whose end waits.
  socket.end();
  await once(client, 'end');
  client.end();
  await Promise.all([once(client, 'close'), once(socket, 'close'), once(server.close(), 'close')]);
  using _held = holdPorts([{ ...any, hostPort: port }]);
  await assert.rejects(listening(port), { code: 'EADDRINUSE' });
});

test('a taken one is refused with the program that listens there', async () => {
  const server = await listening(0);
  const { port } = server.address() as { port: number };
  try {
    assert.throws(
      () => holdPorts([any, { ...any, hostPort: port }]),
      (error: Error) => {
        assert.match(
          error.message,
          new RegExp(
            `^Cannot publish port 127.0.0.1:${port}/tcp: '.+' \\(pid ${process.pid}\\) has it; choose another`,
          ),
        );
        return true;
      },
    );
  } finally {
    server.close();
  }
});

test('UDP: what comes to a held port is dropped and fills no memory', async () => {
  using held = holdPorts([{ ...any, protocol: 'udp' }]);
  const [port = 0] = held.hostPorts;
  const socket = createSocket('udp4');
  for (let i = 0; i < 10; i++)
    await new Promise<void>((sent) => socket.send('x', port, '127.0.0.1', () => sent()));
  socket.close();
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const line = readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .find((each) => each.includes(wanted));
  assert.match(line ?? '', /00000000:00000000/);
});

test('one number is free in both families, which are held apart', async (context) => {
  if (!existsSync('/proc/net/if_inet6')) return context.skip('this machine has no IPv6');
  using held = holdPorts([{ ...any, hostAddresses: ['0.0.0.0', '::'] }]);
  const [port = 0] = held.hostPorts;
  assert.equal(held.fds.length, 2);
  await assert.rejects(listening(port, '::1'), { code: 'EADDRINUSE' });
  await assert.rejects(listening(port, '127.0.0.1'), { code: 'EADDRINUSE' });
});

test('a range is held port by port; if one is taken, none is held', async () => {
  const held = holdPorts([{ ...any, length: 20 }]);
  const [first = 0] = held.hostPorts;
  assert.equal(held.fds.length, 20);
  held[Symbol.dispose]();
  const server = await listening(first + 19);
  try {
    assert.throws(() => holdPorts([{ ...any, hostPort: first, length: 20 }]), { reason: 'PORT_IN_USE' });
    (await listening(first)).close();
  } finally {
    server.close();
  }
});

test('no two of 500 that are chosen are the same', () => {
  using held = holdPorts(Array.from({ length: 500 }, () => any));
  assert.equal(new Set(held.hostPorts).size, 500);
});

test('an address of another host is refused', () => {
  const asked = { ...any, hostAddresses: ['192.0.2.77'], hostPort: 8080 };
  assert.throws(() => holdPorts([asked]), { reason: 'BAD_ARGUMENT' });
});

test('SCTP is held, or refused with what the kernel lacks', () => {
  try {
    using held = holdPorts([{ ...any, protocol: 'sctp' }]);
    assert.equal(held.fds.length, 1);
  } catch (error) {
    assert.match(
      (error as Error).message,
      /^Cannot publish port 127\.0\.0\.1:0\/sctp: this kernel has no SCTP; run 'sudo modprobe sctp'/,
    );
  }
});
