// Networks, by what containers reach: each other, the host, the outside. likerd runs in a network namespace that the test makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerSeconds, ask, cannotReach, networkSuite, quickNames } from './harness/network-suite.ts';
import { inBothModes } from './hostile/modes.ts';

const s = await networkSuite();
const { box, server, addressOf } = s;

const removed = (...names: string[]) => s.ok(['rm', '-f', ...names]);

inBothModes(
  'a container reaches its gateway and the outside, by IPv4 and IPv6',
  async ({ flags, userns }) => {
    const outside = await box.host(userns === 'host' ? 7 : 8);
    const gateways = await s.sh(flags, `ip route show default; ip -6 route show default`);
    assert.match(gateways, /default via 10\.201\.0\.1 dev eth0.*default via fd[0-9a-f:]+::1 dev eth0/s);
    for (const address of ['10.201.0.1', outside.v4, outside.v6])
      assert.match(await s.sh(flags, `busybox ping -c 1 -W 5 ${address}`), / 0% packet loss/, address);
  },
);

inBothModes(
  'containers reach each other by address and by each of their names',
  async ({ flags, userns }) => {
    const name = `web-${userns}`;
    const more = ['--hostname', `h-${name}`, '--network', 'bridge', '--network-alias', 'alias'];
    const id = await server(name, [...flags, ...more]);
    const address = await addressOf(name);
    const six = await addressOf(name, 'bridge', 'GlobalIPv6Address');
    const places = [address, `[${six}]`, name, `${name}.bridge`, 'alias', `h-${name}`, id.slice(0, 12)];
    const asked = places.map((place) => ask(place)).join('; ');
    assert.equal(await s.sh(flags, asked), places.map(() => `I am ${name}`).join('\n'));
    const back = await s.sh(
      [...flags, ...quickNames],
      `getent hosts ${address} ${six}; getent ahostsv6 ${name} | head -n 1; getent hosts nobody || echo none`,
    );
    assert.match(back, new RegExp(`${address} +${name}.bridge\\n${six} +${name}.bridge\\n${six} .*\\nnone`));
    await removed(name);
  },
);

inBothModes('networks are apart, and a container on two of them reaches both', async ({ flags, userns }) => {
  const [red, blue] = [`red-${userns}`, `blue-${userns}`];
  for (const name of [red, blue]) await s.ok(['network', 'create', name]);
  const [one, two] = [`one-${userns}`, `two-${userns}`];
  await server(one, [...flags, '--network', red]);
  await server(two, [...flags, '--network', blue]);
  const both = ['--network', red, '--network', blue, ...flags];
  assert.equal(await s.sh(both, `${ask(one)}; ${ask(two)}`), `I am ${one}\nI am ${two}`);
  const links = await s.sh(both, 'ls /sys/class/net; ip -4 route show default');
  assert.match(links, /^eth0\neth1\nlo\ndefault via 10\.201\.\d+\.1 dev eth0/);
  const apart = await addressOf(two, blue);
  const six = await addressOf(two, blue, 'GlobalIPv6Address');
  const only = ['--network', red, ...quickNames, ...flags];
  assert.equal(
    await s.sh(
      only,
      `${cannotReach(apart)}; ${cannotReach(`[${six}]`)}; getent hosts ${two} || echo no name`,
    ),
    'none\nnone\nno name',
  );
  const preferred = ['--network', red, '--network', `name=${blue},gw-priority=1`, ...flags];
  assert.match(await s.sh(preferred, 'ip -4 route show default'), /dev eth1/);
  await removed(one, two);
  await s.ok(['network', 'rm', red, blue]);
});

inBothModes('an internal network has no way out', async ({ flags, userns }) => {
  const name = `inner-${userns}`;
  const outside = await box.host(userns === 'host' ? 17 : 18);
  await s.ok(['network', 'create', '--internal', name]);
  const peer = `peer-${userns}`;
  await server(peer, ['--network', name, ...flags]);
  const script = `${ask(peer)}; ip route show default; busybox ping -c 1 -W 1 ${outside.v4} >/dev/null 2>&1 || echo none`;
  assert.equal(await s.sh(['--network', name, ...flags], script), `I am ${peer}\nnone`);
  // With a route of its own it gets no further.
  const gateway = (await addressOf(peer, name)).replace(/\.\d+$/, '.1');
  const route = `ip route add default via ${gateway} && busybox ping -c 1 -W 1 ${outside.v4} >/dev/null || echo none`;
  assert.equal(await s.sh(['--network', name, '--cap-add', 'NET_ADMIN', ...flags], route), 'none');
  await removed(peer);
  await s.ok(['network', 'rm', name]);
});

inBothModes('an address and a hardware address that are asked for', async ({ flags, userns }) => {
  const name = `fixed-${userns}`;
  const subnet = userns === 'host' ? '10.77.0.0/24' : '10.78.0.0/24';
  const ip = subnet.replace('0/24', '9');
  const six = userns === 'host' ? 'fd77::' : 'fd78::';
  await s.ok(['network', 'create', '--subnet', subnet, '--subnet', `${six}/64`, name]);
  const asked = ['--network', name, '--ip', ip, '--ip6', `${six}9`, '--mac-address', '02:42:ac:11:00:09'];
  const shown = await s.sh(
    [...asked, ...flags],
    'ip -o address show dev eth0; cat /sys/class/net/eth0/address',
  );
  for (const text of [`inet ${ip}/24`, `inet6 ${six}9/64`, '02:42:ac:11:00:09'])
    assert.ok(shown.includes(text), shown);
  await s.detached([...asked, ...flags], ['sleep', '1000']);
  const { code, stderr } = await s.run([...asked, ...flags], ['true']);
  assert.deepEqual([code, /another container has it/.test(stderr)], [125, true], stderr);
  await removed(await s.ok(['ps', '-ql']));
  await s.ok(['network', 'rm', name]);
});

test('network create: --gateway, --ip-range, --aux-address, --opt mtu and --ipv6', async () => {
  const outside = await box.host(70);
  const ranges = ['--ip-range', '10.79.0.128/30', '--aux-address', 'router=10.79.0.129'];
  await s.ok([
    ...['network', 'create', '--subnet', '10.79.0.0/24', '--gateway', '10.79.0.254', ...ranges],
    ...['--opt', 'mtu=1280', '--ipv6', 'narrow'],
  ]);
  for (const name of ['one', 'two', 'three']) await server(name, ['--network', 'narrow']);
  const addresses = ['one', 'two', 'three'].map((name) => addressOf(name, 'narrow'));
  assert.deepEqual(await Promise.all(addresses), ['10.79.0.128', '10.79.0.130', '10.79.0.131']);
  const full = await s.run(['--network', 'narrow'], ['true']);
  assert.deepEqual(
    [full.code, /'narrow' has no free address left/.test(full.stderr)],
    [125, true],
    full.stderr,
  );
  await removed('three');
  const six = await addressOf('two', 'narrow', 'GlobalIPv6Address');
  const reached = `for place in 10.79.0.254 ${outside.v4} ${outside.v6}; do busybox ping -c 1 -W 5 $place | grep -o ' 0% packet loss'; done`;
  // Of two pings, one does not fit into a packet.
  const pieces = `for size in 1200 1300; do busybox ping -s $size -c 1 10.79.0.254; done >/dev/null; grep '^Ip: [0-9]' /proc/net/snmp | cut -d ' ' -f 18`;
  assert.equal(
    await s.sh(['--network', 'narrow'], `${ask('one')}; ${ask(`[${six}]`)}; ${reached}; ${pieces}`),
    ['I am one', 'I am two', ...Array.from({ length: 3 }, () => ' 0% packet loss'), '1'].join('\n'),
  );
  await removed('one', 'two');
  await s.ok(['network', 'rm', 'narrow']);
  await s.ok(['network', 'create', '--ipv6=false', 'four']);
  assert.equal(
    await s.sh(
      ['--network', 'four'],
      `ip -6 -o address show dev eth0; busybox ping -c 1 -W 5 ${outside.v4} | grep -o ' 0% packet loss'; busybox ping -c 1 -W 1 ${outside.v6} >/dev/null 2>&1 || echo none`,
    ),
    ' 0% packet loss\nnone',
  );
  await s.ok(['network', 'rm', 'four']);
});

for (const driver of ['macvlan', 'ipvlan'])
  test(`a network of driver ${driver} is the wire that its parent is on, or refused`, async (t) => {
    const subnets = ['198.51.100.0/24', '2001:db8::/64'].flatMap((subnet) => ['--subnet', subnet]);
    const gateways = [box.gateway.v4, box.gateway.v6].flatMap((address) => ['--gateway', address]);
    const flags = ['-d', driver, '-o', 'parent=up0', ...subnets, ...gateways];
    const made = await s.likerctl(['network', 'create', ...flags, 'wire']);
    if (made.code !== 0) {
      assert.match(made.stderr, new RegExp(`this kernel has no ${driver} links`));
      assert.match(driver, /ipvlan/, 'Debian has both');
      return t.diagnostic(made.stderr);
    }
    const outside = await box.host(driver === 'macvlan' ? 71 : 72);
    outside.start(['socat', 'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr', 'SYSTEM:echo $SOCAT_PEERADDR']);
    await outside.listens(80);
    const own = { v4: '198.51.100.200', v6: '2001:db8::c8' };
    await server('wired', ['--network', 'wire', '--ip', own.v4, '--ip6', own.v6]);
    for (const address of [own.v4, `[${own.v6}]`])
      assert.equal(outside.sh(ask(address)), 'I am wired', address);
    const seen = await s.ok(['exec', 'wired', 'sh', '-c', `${ask(outside.v4)}; ${ask(`[${outside.v6}]`)}`]);
    assert.equal(
      seen,
      '[0000:0000:0000:0000:0000:ffff:c633:64c8]\n[2001:0db8:0000:0000:0000:0000:0000:00c8]',
    );
    assert.equal(await s.sh(['--network', 'wire', '--ip', '198.51.100.201'], ask('wired')), 'I am wired');
    await removed('wired');
    await s.ok(['network', 'rm', 'wire']);
  });

test('--network container:NAME, host, ns:PATH and none', async () => {
  const outside = await box.host(73);
  outside.start(['socat', 'TCP-LISTEN:8085,fork,reuseaddr', 'SYSTEM:echo another namespace']);
  await outside.listens(8085);
  await server('web', ['-p', '8085:80']);
  const reaches = (network: string, port: number) => s.sh(['--network', network], ask('127.0.0.1', port));
  assert.equal(await reaches('container:web', 80), 'I am web');
  assert.equal(await reaches('host', 8085), 'I am web');
  assert.equal(await reaches(`ns:/proc/${outside.pid}/ns/net`, 8085), 'another namespace');
  assert.equal(await s.sh(['--network', 'none'], cannotReach(box.machine.v4)), 'none');
  await removed('web');
});

test('what networks keep below --root is known to system check', async () => {
  await server('kept', []);
  assert.equal(await s.ok(['system', 'check']), 'The records and the disk agree.');
  await removed('kept');
});

test('a network that does not exist, or that is in use, is told', async () => {
  const { code, stderr } = await s.run(['--network', 'nowhere'], ['true']);
  assert.equal(code, 125);
  assert.match(stderr, /No such network: 'nowhere'/);
  await s.ok(['network', 'create', 'used']);
  await s.ok(['create', '--name', 'user', '--network', 'used', s.rootfs, 'true']);
  const refused = await s.likerctl(['network', 'rm', 'used']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /it is in use by container 'user'/);
  await removed('user');
  await s.ok(['network', 'rm', 'used']);
});

test('explain tells how a container would be connected, also where nobody has needed the network, and what another firewall drops', async () => {
  await s.ok(['create', '--name', 'planned', '--add-host', 'host:host-gateway', s.rootfs, 'true']);
  const { stdout, stderr } = await s.likerctl(['explain', 'planned']);
  assert.match(stdout, /veth lv\w+ and eth0.*default route through 10\.201\.0\.1/);
  assert.doesNotMatch(stderr, /firewall/);
  box.machine.sh(
    'nft add table ip theirs; nft "add chain ip theirs c { type filter hook forward priority 0; policy drop; }"',
  );
  assert.match(
    (await s.likerctl(['explain', 'planned'])).stderr,
    /Another firewall \(ip theirs\) drops what containers send and get, unless it is allowed there/,
  );
  box.machine.sh('nft delete table ip theirs');
  await removed('planned');
});

test('much goes both ways over a path of smaller packets whose routers say nothing', async () => {
  const far = await box.host(60);
  const { machine, gateway } = box;
  machine.sh(`ip link add vpn0 mtu 1280 type veth peer name vpn0 mtu 1280 netns ${gateway.pid}`);
  const quiet = `nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }
    add rule inet quiet out icmp type destination-unreachable drop; add rule inet quiet out icmpv6 type packet-too-big drop'`;
  for (const [host, number] of [
    [machine, 1],
    [gateway, 2],
  ] as const)
    host.sh(
      `ip link set vpn0 up; ip addr add 192.0.2.${number}/24 dev vpn0; ip addr add 2001:db8:7::${number}/64 dev vpn0 nodad; ${quiet}`,
    );
  machine.sh(`ip route add ${far.v4} via 192.0.2.2; ip route add ${far.v6} via 2001:db8:7::2`);
  const forward = (on: number) =>
    gateway.sh(`echo ${on} | tee /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv6/conf/all/forwarding`);
  forward(1);
  far.start(['socat', '-t', '9', 'TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr', 'SYSTEM:wc -c']);
  far.start(['socat', 'TCP6-LISTEN:9001,ipv6only=0,fork,reuseaddr', 'SYSTEM:head -c 300000 /dev/zero']);
  for (const port of [9000, 9001]) await far.listens(port);
  for (const address of [far.v4, `[${far.v6}]`])
    assert.equal(
      await s.sh(
        [],
        `head -c 300000 /dev/zero | socat -t 9 -T ${3 + answerSeconds} - TCP:${address}:9000; ${ask(address, 9001)} | wc -c`,
      ),
      '300000\n300000',
      address,
    );
  for (const host of [machine, gateway]) host.sh('nft delete table inet quiet');
  forward(0);
  machine.sh('ip link del vpn0');
  await far.close();
});

test('where the host has no IPv6, neither has a container', async () => {
  box.machine.sh('echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6');
  await s.ok(['network', 'create', 'only']);
  await server('four', ['--network', 'only', '-p', '8080:80']);
  assert.equal(box.machine.sh(ask('localhost', 8080)), 'I am four');
  assert.equal(
    await s.sh(
      ['--network', 'only'],
      `${ask('four')}; ip -6 -o address show dev eth0; getent ahostsv6 four.only | grep -v ::ffff: || echo none`,
    ),
    'I am four\nnone',
  );
  await removed('four');
  await s.ok(['network', 'rm', 'only']);
});
