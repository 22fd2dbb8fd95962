// Containers that are connected and disconnected while they run, and before they do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, cannotReach, networkSuite, quickNames } from './harness/network-suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = await networkSuite();
const { server, addressOf } = s;

const inside = (container: string, script: string) => s.ok(['exec', container, 'sh', '-c', script]);

inBothModes(
  'a container that runs is connected, found by its names, and disconnected',
  async ({ flags, userns }) => {
    const [name, other, net] = [`live-${userns}`, `other-${userns}`, `net-${userns}`];
    await s.ok(['network', 'create', net]);
    await server(name, flags);
    await server(other, ['--network', net, ...quickNames, ...flags]);
    await s.ok(['network', 'connect', '--alias', 'second', net, name]);
    assert.equal(await inside(name, `ls /sys/class/net; ${ask(other)}`), `eth0\neth1\nlo\nI am ${other}`);
    assert.equal(
      await inside(other, `${ask(name)}; ${ask('second')}; ${ask(await addressOf(name, net))}`),
      [`I am ${name}`, `I am ${name}`, `I am ${name}`].join('\n'),
    );
    const before = await inside(name, 'ip -4 route show default');
    assert.match(before, /dev eth0/);
    await s.ok(['network', 'disconnect', 'bridge', name]);
    assert.equal(await inside(name, 'ls /sys/class/net'), 'eth1\nlo');
    assert.match(
      await inside(name, 'ip -4 route show default; ip -6 route show default'),
      /dev eth1.*\n.*dev eth1/,
    );
    await s.ok(['network', 'disconnect', net, name]);
    assert.equal(await inside(name, 'ls /sys/class/net; ip route'), 'lo');
    assert.equal(await inside(other, cannotReach(name)), 'none');
    // It starts as it is now.
    await s.ok(['network', 'connect', net, name]);
    await s.ok(['restart', '-t', '0', name]);
    assert.equal(await inside(name, `ls /sys/class/net; ${ask(other)}`), `eth0\nlo\nI am ${other}`);
    await s.ok(['rm', '-f', name, other]);
    await s.ok(['network', 'rm', net]);
  },
);

test('a connection has the addresses, and the default route, that it was asked to have', async () => {
  const subnets = ['10.86.0.0/24', 'fd86::/64'].flatMap((subnet) => ['--subnet', subnet]);
  await s.ok(['network', 'create', ...subnets, 'asked']);
  await server('placed');
  const outside = await s.box.host(31);
  const asked = ['--ip', '10.86.0.9', '--ip6', 'fd86::9', '--gw-priority', '2'];
  await s.ok(['network', 'connect', ...asked, 'asked', 'placed']);
  for (const address of ['10.86.0.9', '[fd86::9]'])
    assert.equal(s.box.machine.sh(ask(address)), 'I am placed');
  const routes = (address: string) => `ip route get ${address}; busybox ping -c 1 -W 5 ${address}`;
  for (const [address, gateway] of [
    [outside.v4, '10.86.0.1'],
    [outside.v6, 'fd86::1'],
  ] as const)
    assert.match(
      await inside('placed', routes(address)),
      new RegExp(`via ${gateway} dev eth1 [\\s\\S]* 0% packet loss`),
    );
  await s.ok(['rm', '-f', 'placed']);
  await s.ok(['network', 'rm', 'asked']);
});

test('a container that was made, or has ended, has its networks when it starts', async () => {
  await s.ok(['network', 'create', 'later']);
  await s.ok(['create', '--name', 'made', s.rootfs, 'ls', '/sys/class/net']);
  await s.ok(['network', 'connect', 'later', 'made']);
  assert.equal(await s.ok(['start', '-a', 'made']), 'eth0\neth1\nlo');
  await s.ok(['network', 'disconnect', 'bridge', 'made']);
  assert.equal(await s.ok(['start', '-a', 'made']), 'eth0\nlo');
  await s.ok(['rm', 'made']);
  await s.ok(['network', 'rm', 'later']);
});

test('a connection that is refused leaves the container as it was', async () => {
  await server('stays');
  const again = await s.likerctl(['network', 'connect', 'bridge', 'stays']);
  assert.deepEqual([again.code, /has network 'bridge' already/.test(again.stderr)], [1, true], again.stderr);
  await s.ok(['network', 'create', '--subnet', '10.88.0.0/24', 'small']);
  const outside = await s.likerctl(['network', 'connect', '--ip', '10.89.0.9', 'small', 'stays']);
  assert.deepEqual(
    [outside.code, /give one of 10\.88\.0\.0\/24/.test(outside.stderr)],
    [1, true],
    outside.stderr,
  );
  assert.equal(await inside('stays', 'ls /sys/class/net'), 'eth0\nlo');
  for (const flags of [
    ['--network', 'none'],
    ['--network', 'host'],
  ]) {
    const id = await s.detached(flags, ['sleep', '1000']);
    const refused = await s.likerctl(['network', 'connect', 'small', id]);
    assert.match(refused.stderr, /it was made with --network (none|host)/);
    await s.ok(['rm', '-f', id]);
  }
  const strange = await s.likerctl(['network', 'disconnect', 'small', 'stays']);
  assert.match(strange.stderr, /does not have network 'small'/);
  await s.ok(['rm', '-f', 'stays']);
  await s.ok(['network', 'rm', 'small']);
});

test('ports lead to where the container is', async () => {
  await s.ok(['network', 'create', 'moved']);
  await server('web', ['-p', '8080:80', '-p', '0.0.0.0:8081:80']);
  const outside = await s.box.host(30);
  const reach = () => outside.sh(ask(s.box.machine.v4, 8081));
  assert.equal(s.box.machine.sh(ask('127.0.0.1', 8080)), 'I am web');
  assert.equal(reach(), 'I am web');
  await s.ok(['network', 'connect', 'moved', 'web']);
  await s.ok(['network', 'disconnect', 'bridge', 'web']);
  await until('the port to lead to the other network', () => {
    try {
      return reach() === 'I am web';
    } catch {
      return false;
    }
  });
  await s.ok(['rm', '-f', 'web']);
  await s.ok(['network', 'rm', 'moved']);
});
