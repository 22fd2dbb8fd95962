// Egress policies, by what comes through: each way round them is tried, by root with all capabilities in the container's own network namespace, and
// comes through once the policy is gone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { GetStatsResponse } from '../proto/gen/types/liker/v1/GetStatsResponse.ts';
import { NetWatch } from './harness/net-watch.ts';
import { answerSeconds, ask, networkSuite } from './harness/network-suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = await networkSuite();
const { box, server, addressOf } = s;
const outside = await box.host(9);
const another = await box.host(10);
const { machine } = box;

// With br_netfilter, ports of ::1 are not served.
machine.sh('setting=/proc/sys/net/bridge/bridge-nf-call-ip6tables; [ ! -e $setting ] || echo 0 >$setting');

for (const host of [outside, another])
  for (const port of [80, 443]) {
    host.start([
      'socat',
      `TCP6-LISTEN:${port},ipv6only=0,fork,reuseaddr`,
      `SYSTEM:echo at ${host.v4} ${port}`,
    ]);
    await host.listens(port);
  }

const inside = (container: string, script: string) => s.ok(['exec', container, 'sh', '-c', script]);
/** As root with all capabilities; whatever it answers. */
const attack = (container: string, script: string) =>
  s.likerctl(['exec', '--privileged', container, 'sh', '-c', script]);

const tcp = (address: string, port = 80): string =>
  `socat -u -T ${answerSeconds} TCP:${address.includes(':') ? `[${address}]` : address}:${port},connect-timeout=${answerSeconds} - 2>/dev/null || echo none`;
const udp = (address: string, port: number): string =>
  `echo x | socat -t 0.1 - UDP:${address.includes(':') ? `[${address}]` : address}:${port} 2>/dev/null; true`;

/** Its address. */
const serverAt = async (name: string, flags: readonly string[]): Promise<string> => {
  await server(name, flags);
  return addressOf(name);
};

const sleeper = async (name: string, flags: readonly string[]): Promise<string> => {
  await s.detached(['--name', name, ...flags], ['sleep', '1000']);
  return addressOf(name);
};

inBothModes('without a rule nothing is reached, and what comes in is answered', async ({ flags, userns }) => {
  const [name, peer] = [`none-${userns}`, `peer-${userns}`];
  await server(name, ['--egress', 'none', '-p', '0.0.0.0:8080:80', '-p', '8081:80', ...flags]);
  await server(peer, flags);
  const [own, six] = [await addressOf(name), await addressOf(name, 'bridge', 'GlobalIPv6Address')];
  // From the host, a neighbour and the outside.
  assert.equal(machine.sh(ask(own)), `I am ${name}`);
  assert.equal(machine.sh(ask(`[${six}]`)), `I am ${name}`);
  assert.equal(await inside(peer, `${ask(own)}; ${ask(`[${six}]`)}`), `I am ${name}\nI am ${name}`);
  assert.equal(outside.sh(tcp(machine.v4, 8080)), `I am ${name}`);
  for (const loopback of ['127.0.0.1', '::1'])
    assert.equal(machine.sh(tcp(loopback, 8081)), `I am ${name}`, loopback);
  const peerAddress = await addressOf(peer);
  const peerSix = await addressOf(peer, 'bridge', 'GlobalIPv6Address');
  for (const address of [outside.v4, outside.v6, machine.v4, machine.v6, '10.201.0.1', peerAddress, peerSix])
    assert.equal(await inside(name, tcp(address)), 'none', address);
  await s.ok(['rm', '-f', name, peer]);
});

inBothModes('what a rule names is reached, at its ports, and nothing else', async ({ flags }) => {
  const peer = await serverAt('store', flags);
  const peerSix = await addressOf('store', 'bridge', 'GlobalIPv6Address');
  const rules = [`${outside.v4}:80`, `${outside.v6}/tcp`, `${peer}/32`, `[${peerSix}]:80`, '192.0.2.0/24'];
  await sleeper('some', ['--egress', `allow=${rules.join(',')}`, ...flags]);
  const reached = async (address: string, port = 80) => inside('some', tcp(address, port));
  assert.equal(await reached(outside.v4), `at ${outside.v4} 80`);
  assert.equal(await reached(outside.v4, 443), 'none');
  assert.equal(await reached(outside.v6, 443), `at ${outside.v4} 443`);
  assert.equal(await reached(another.v4), 'none');
  assert.equal(await reached(another.v6), 'none');
  assert.equal(await reached(peer), 'I am store');
  assert.equal(await reached(peerSix), 'I am store');
  assert.equal(await reached(machine.v6), 'none');
  assert.equal((await inside('some', `busybox ping -c 1 -W 2 ${peer} >/dev/null; echo $?`)).trim(), '0');
  // Refused at once, and not by silence.
  assert.match((await attack('some', `socat -u - TCP:${another.v4}:80`)).stderr, /refused/i);
  await s.ok(['rm', '-f', 'some', 'store']);
});

/** A frame of Ethernet with an IPv4 packet of UDP. */
function frame(to: string, from: string, source: string, destination: string): string {
  const bytes = (text: string, separator: string, base: number): number[] =>
    text.split(separator).map((part) => Number.parseInt(part, base));
  const data = Buffer.from('through\n');
  const header = Buffer.from([
    ...[0x45, 0, 0, 28 + data.length, 0, 1, 0, 0, 64, 17, 0, 0],
    ...bytes(source, '.', 10),
    ...bytes(destination, '.', 10),
  ]);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  header.writeUInt16BE(~sum & 0xffff, 10);
  const datagram = Buffer.from([0x30, 0x39, 0, 53, 0, 8 + data.length, 0, 0]);
  const ethernet = Buffer.from([...bytes(to, ':', 16), ...bytes(from, ':', 16), 8, 0]);
  return Buffer.concat([ethernet, header, datagram, data]).toString('base64');
}

const sendFrame = (text: string): string => `echo ${text} | base64 -d | socat -u - INTERFACE:eth0`;
const spoofed = { mac: '02:00:00:00:00:99', address: '10.201.0.99' };

test('each way round a policy ends at the host', async () => {
  const peer = await serverAt('near', ['-p', '0.0.0.0:8090:80']);
  const peerMac = await addressOf('near', 'bridge', 'MacAddress');
  const peerPid = (await s.inspect('near')).State.Pid;
  const own = await sleeper('caught', ['--egress', `allow=192.0.2.1,${outside.v4}:443`]);
  const ownMac = await addressOf('caught', 'bridge', 'MacAddress');
  machine.start(['socat', 'TCP6-LISTEN:7000,ipv6only=0,fork,reuseaddr', 'SYSTEM:echo the host']);
  await machine.listens(7000);
  const [bridgeMac = ''] = /..(:..){5}/.exec(machine.sh('ip link show type bridge')) ?? [];
  const watches = [
    NetWatch.ofInterface(outside.within, 'eth0'),
    NetWatch.ofInterface(another.within, 'eth0'),
    NetWatch.ofInterface(['nsenter', `--net=/proc/${peerPid}/ns/net`], 'eth0'),
    NetWatch.ofHost(machine.within),
  ];
  const heard = (): number => watches.reduce((sum, watch) => sum + watch.heard(), 0);
  const raw = (protocol: number, address: string): string =>
    address.includes(':')
      ? `echo x | socat -u - IP6-SENDTO:[${address}]:${protocol}`
      : `echo x | socat -u - IP4-SENDTO:${address}:${protocol}`;
  const ways: Readonly<Record<string, string>> = {
    'TCP to another address': tcp(another.v4),
    'TCP to another port of an allowed address': tcp(outside.v4, 80),
    'UDP to the allowed port of TCP, at another address': udp(another.v4, 443),
    'QUIC over IPv6': udp(another.v6, 443),
    'TCP over IPv6': tcp(outside.v6),
    ping: `busybox ping -c 1 -W 1 ${another.v4}; busybox ping -c 1 -W 1 ${another.v6}`,
    'ping to an address of which one port is allowed': `busybox ping -c 1 -W 1 ${outside.v4}`,
    'large packets, in fragments': `busybox ping -s 4000 -c 1 -W 1 ${another.v4}`,
    'another name server, by UDP': udp(another.v4, 53),
    'another name server, by TCP': tcp(another.v4, 53),
    'another name server, by TLS': tcp(another.v4, 853),
    'a protocol that nobody knows': `${raw(99, another.v4)}; ${raw(99, another.v6)}`,
    tunnels: `${raw(47, another.v4)}; ${raw(4, another.v4)}; ${raw(41, another.v4)}`,
    'neighbour discovery as an envelope': `printf '\\207\\000\\000\\000\\000\\000\\000\\000abcdefghijklmnop' | socat -u - IP6-SENDTO:[${another.v6}]:58`,
    'errors of ICMP as an envelope': `printf '\\003\\001\\000\\000abcdefghijklmnop' | socat -u - IP4-SENDTO:${another.v4}:1`,
    'the gateway': `${tcp('10.201.0.1', 7000)}; busybox ping -c 1 -W 1 10.201.0.1`,
    "the host's outer address": tcp(machine.v4, 7000),
    "a neighbour's address": `${tcp(peer)}; busybox ping -c 1 -W 1 ${peer}`,
    "a neighbour's published port": tcp(machine.v4, 8090),
    "a neighbour's frames": sendFrame(frame(peerMac, ownMac, own, peer)),
    'a broadcast frame': sendFrame(frame('ff:ff:ff:ff:ff:ff', ownMac, own, peer)),
    'a frame with the address and hardware address of another': sendFrame(
      frame(bridgeMac, spoofed.mac, spoofed.address, another.v4),
    ),
    "a frame with a neighbour's address": sendFrame(frame(bridgeMac, ownMac, peer, another.v4)),
    'another hardware address': `ip link set eth0 address ${spoofed.mac}; ${udp(another.v4, 53)}; ip link set eth0 address ${ownMac}`,
    'another address': `ip addr add ${spoofed.address}/24 dev eth0; echo x | socat -t 0.1 - UDP:${another.v4}:53,bind=${spoofed.address}; ip addr del ${spoofed.address}/24 dev eth0`,
    'a neighbour as the router': `ip route add ${another.v4} via ${peer}; ${udp(another.v4, 53)}; ip route del ${another.v4}`,
    'an interface of its own': `ip link add link eth0 name mv0 address ${spoofed.mac} type macvlan mode bridge; ip addr add ${spoofed.address}/32 dev mv0; ip link set mv0 up; ip route add ${another.v4} via 10.201.0.1 dev mv0 onlink; ${udp(another.v4, 53)}; ip link del mv0`,
  };
  heard();
  for (const [way, script] of Object.entries(ways)) {
    await attack('caught', script);
    assert.equal(heard(), 0, way);
  }
  // The watches see what comes through: each way is one.
  await s.ok(['update', '--egress', 'all', 'caught']);
  const closed: string[] = [];
  for (const [way, script] of Object.entries(ways)) {
    heard();
    const { stderr } = await attack('caught', script);
    if (heard() === 0) closed.push(`${way}: ${stderr}`);
  }
  assert.deepEqual(closed, []);
  await s.ok(['rm', '-f', 'near', 'caught']);
});

/** In the container's network namespace, by root of the host: also while likerd is away. */
async function inNamespace(container: string): Promise<(script: string) => string> {
  const { Pid } = (await s.inspect(container)).State;
  return (script) =>
    execFileSync('nsenter', [`--net=/proc/${Pid}/ns/net`, 'sh', '-c', script], { encoding: 'utf8' }).trim();
}

test('a policy changes both ways while the container runs, and connections end with it', async () => {
  // It hears nothing of the end of a connection that a policy ends.
  outside.start(['socat', '-T', '5', 'TCP-LISTEN:7001,fork,reuseaddr', 'EXEC:cat'], { stdio: 'ignore' });
  await outside.listens(7001);
  const peer = await serverAt('beside', []);
  const own = await serverAt('live', ['-p', '0.0.0.0:8070:80', '-p', '[::1]:8070:80']);
  const sees = () =>
    inside('live', `${tcp(outside.v4)}; ${tcp(outside.v6)}; ${tcp(peer)}`).then((text) => text.split('\n'));
  const seen = () =>
    inside('beside', ask(own)).then((text) => [
      text,
      outside.sh(tcp(machine.v4, 8070)),
      machine.sh(ask(own)),
      machine.sh(tcp('::1', 8070)),
    ]);
  const free = [`at ${outside.v4} 80`, `at ${outside.v4} 80`, 'I am beside'];
  const answers = Array.from({ length: 4 }, () => 'I am live');
  const talk = (address: string) =>
    s.start([
      'exec',
      'live',
      'sh',
      '-c',
      `while echo tick; do sleep 0.1; done | socat - TCP:${address}:7001`,
    ]);
  assert.deepEqual(await sees(), free);
  const before = talk(outside.v4);
  await before.waitFor('tick');
  await s.ok(['update', '--egress', 'none', 'live']);
  await before.outcome;
  assert.deepEqual(await sees(), ['none', 'none', 'none']);
  assert.deepEqual(await seen(), answers);
  await s.ok(['update', '--egress', `allow=${outside.v4}:7001,${outside.v4}:80`, 'live']);
  assert.deepEqual(await sees(), [`at ${outside.v4} 80`, 'none', 'none']);
  const meanwhile = talk(outside.v4);
  await meanwhile.waitFor('tick');
  // Another policy that allows the same leaves it alone.
  await s.ok(['update', '--egress', `allow=${outside.v4},${peer}`, 'live']);
  assert.deepEqual(await sees(), [`at ${outside.v4} 80`, 'none', 'I am beside']);
  await s.ok(['update', '--egress', 'all', 'live']);
  assert.deepEqual(await sees(), free);
  assert.deepEqual(await seen(), answers);
  const lines = meanwhile.stdout.length;
  await until('the connection to go on', () => meanwhile.stdout.length > lines);
  await s.ok(['update', '--egress', 'none', 'live']);
  await meanwhile.outcome;
  assert.deepEqual(await seen(), answers);
  await s.ok(['restart', '-t', '0', 'live']);
  assert.deepEqual(await sees(), ['none', 'none', 'none']);
  await s.ok(['rm', '-f', 'live', 'beside']);
});

test('policies go on without likerd, and with the next one', async () => {
  await sleeper('kept', ['--egress', `allow=${outside.v4}`]);
  await sleeper('free', []);
  const [kept, free] = [await inNamespace('kept'), await inNamespace('free')];
  const holds = (when: string): void => {
    assert.equal(kept(tcp(outside.v4)), `at ${outside.v4} 80`, when);
    for (const address of [another.v4, another.v6, machine.v4])
      assert.equal(kept(tcp(address)), 'none', when);
    assert.equal(free(tcp(another.v4)), `at ${another.v4} 80`, when);
  };
  holds('at first');
  await s.daemon.kill9();
  holds('while likerd is away');
  await s.daemon.start();
  holds('with the next likerd');
  // The next one has records that say otherwise than the host.
  machine.sh('nft flush ruleset');
  await until('the firewall', () => machine.sh('nft list tables').includes('liker'));
  await until('its elements', () => machine.sh('nft list ruleset').includes(outside.v4));
  holds('after somebody has removed all rules');
  await s.daemon.kill9();
  machine.sh('nft flush ruleset');
  await s.daemon.start();
  holds('after that happened while likerd was away');
  assert.match(await s.ok(['inspect', '-f', '{{.HostConfig.Egress}}', 'kept']), /^allow=198/);
  await s.ok(['update', '--egress', 'none', 'kept']);
  assert.equal(kept(tcp(outside.v4)), 'none');
  await s.ok(['rm', '-f', 'kept', 'free']);
});

test('a network has a policy, which a second network is no way round', async () => {
  await s.ok(['network', 'create', '--egress', `allow=${outside.v4}`, 'strict']);
  await s.ok(['network', 'create', 'open']);
  await s.ok(['network', 'create', '--egress', 'none', 'other']);
  assert.match(await s.ok(['network', 'inspect', '-f', '{{.Egress}}', 'strict']), /^allow=198/);
  await s.detached(['--name', 'in', '--network', 'strict', '--network', 'open'], ['sleep', '1000']);
  await s.detached(['--name', 'own', '--network', 'strict', '--egress', 'all'], ['sleep', '1000']);
  await s.detached(['--name', 'late', '--network', 'open'], ['sleep', '1000']);
  const limited = [`at ${outside.v4} 80`, 'none'];
  const all = [`at ${outside.v4} 80`, `at ${another.v4} 80`];
  const sees = (container: string) =>
    inside(container, `${tcp(outside.v4)}; ${tcp(another.v4)}`).then((text) => text.split('\n'));
  assert.deepEqual(await sees('in'), limited);
  // By its other network, too, whose members reach it.
  await server('plain', ['--network', 'open']);
  const plain = await addressOf('plain', 'open');
  const [inOpen, six] = [await addressOf('in', 'open'), await addressOf('in', 'open', 'GlobalIPv6Address')];
  assert.equal(await inside('in', `${tcp(plain)}; ${tcp('10.201.0.1', 7000)}`), 'none\nnone');
  await s.ok([
    'exec',
    '-d',
    'in',
    'socat',
    'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr',
    'SYSTEM:echo in both',
  ]);
  assert.equal(await inside('plain', `${ask(inOpen)}; ${ask(`[${six}]`)}`), 'in both\nin both');
  assert.deepEqual(await sees('own'), all);
  assert.deepEqual(await sees('late'), all);
  await s.ok(['network', 'connect', 'strict', 'late']);
  assert.deepEqual(await sees('late'), limited);
  const refused = await s.likerctl(['network', 'connect', 'other', 'late']);
  assert.match(refused.stderr, /their egress policies differ/);
  await s.ok(['network', 'disconnect', 'strict', 'late']);
  assert.deepEqual(await sees('late'), all);
  await s.ok(['rm', '-f', 'in', 'own', 'late', 'plain']);
  await s.ok(['network', 'rm', 'strict', 'open', 'other']);
});

test('names are answered if they are allowed, and open their addresses', async () => {
  // The name server of the outside, which counts what it is asked.
  const zone = ['example.org', 'www.example.net', 'secret.example'].map(
    (name) => `address=/${name}/${outside.v4}`,
  );
  zone.push(`address=/home.example.net/${machine.v4}`);
  another.start([
    'dnsmasq',
    '--no-daemon',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    ...zone.map((line) => `--${line}`),
  ]);
  await another.listens(53, 'udp');
  await server('db', ['--network-alias', 'store']);
  await s.detached(
    [...['--name', 'named', '--dns', another.v4], '--egress', 'allow=example.org:80,*.example.net,db:80'],
    ['sleep', '1000'],
  );
  const answers = (name: string) => inside('named', `getent ahostsv4 ${name} | head -n 1 | cut -d ' ' -f 1`);
  assert.equal(await inside('named', tcp(outside.v4)), 'none', 'before its name was asked for');
  assert.equal(await answers('example.org'), outside.v4);
  assert.equal(await inside('named', tcp(outside.v4)), `at ${outside.v4} 80`);
  assert.equal(await inside('named', tcp(outside.v4, 443)), 'none');
  assert.equal(await answers('www.example.net'), outside.v4);
  assert.equal(await inside('named', tcp(outside.v4, 443)), `at ${outside.v4} 443`);
  assert.equal(await inside('named', ask('db')), 'I am db');
  assert.equal(await answers('home.example.net'), machine.v4);
  assert.equal(machine.sh(tcp(machine.v4, 7000)), 'the host');
  assert.equal(
    await inside('named', tcp(machine.v4, 7000)),
    'none',
    "a name opens none of the host's addresses",
  );
  const watch = NetWatch.ofInterface(another.within, 'eth0');
  for (const name of ['secret.example', 'example.net', 'a.example.org', 'xn--data.evil.example', 'store'])
    assert.equal(await answers(name), '', name);
  await attack(
    'named',
    `echo x | socat -t 1 - UDP:${another.v4}:53; echo x | socat -t 1 - TCP:${another.v4}:53`,
  );
  assert.equal(watch.heard(), 0, 'no question leaves');
  const events = async () =>
    (
      await s.ok([
        'events',
        '--since',
        '1h',
        '--until',
        '0s',
        '--filter',
        'event=egress-denied',
        '--format',
        '{{json .Actor.Attributes}}',
      ])
    )
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, string>);
  await until('its event', async () => (await events()).some(({ domain }) => domain === 'secret.example'));
  await until('another', async () =>
    (await events()).some(
      ({ address, protocol, port }) => `${address} ${protocol} ${port}` === `${another.v4} udp 53`,
    ),
  );
  const { snapshot } = await s.api.call<GetStatsResponse>((callback) =>
    s.api.stats.GetStats({ containers: ['named'] }, callback),
  );
  assert.ok((snapshot?.containers[0]?.network?.egressDenied ?? 0) >= 6);
  // A policy without the name takes its addresses away.
  await s.ok(['update', '--egress', 'allow=db', 'named']);
  assert.equal(await inside('named', tcp(outside.v4)), 'none');
  assert.equal(await inside('named', ask('db')), 'I am db');
  await s.ok(['update', '--egress', 'all', 'named']);
  assert.equal(await answers('secret.example'), outside.v4);
  await s.ok(['rm', '-f', 'named', 'db']);
});

test('a policy that cannot be enforced is refused', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ['--network', 'host', '--egress', 'none'],
      /--egress of a container without a network of its own: it has the host's/,
    ],
    [['--network', 'none', '--egress', 'allow=10.0.0.0/8'], /without a network of its own: it has none/],
    [['--egress', 'allow=*'], /Invalid --egress.*everything is allowed by all/],
    [['--egress', 'allow='], /--egress/],
    [['--egress', '/nowhere'], /Cannot read --egress '\/nowhere': /],
  ];
  for (const [flags, why] of cases) {
    const { code, stderr } = await s.run(flags, ['true']);
    assert.deepEqual([code, why.test(stderr)], [125, true], stderr);
  }
  const { stderr } = await s.likerctl([
    'network',
    'create',
    '-d',
    'macvlan',
    '-o',
    'parent=up0',
    '--egress',
    'none',
    'mv',
  ]);
  assert.match(stderr, /Cannot enforce an --egress policy on a network of driver macvlan/);
});
