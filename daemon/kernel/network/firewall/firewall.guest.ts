// Run by firewall.root.test.ts in namespaces of its own: says who reaches whom.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Firewall } from './firewall.ts';
import { ask, makeBridge, makeContainer, makeHost, nft, run, serve, stopServers } from './lab.guest.ts';
import type { FirewallPort, FirewallState } from './state.ts';

const logged: string[] = [];
const folder = mkdtempSync('/tmp/liker-firewall-');
const place = {
  table: 'liker-test',
  tableMade: async () => {},
  forwarding: { settings: '/proc/sys/net', file: join(folder, 'forwarding'), boot: 'this' },
  log: (level: string, message: string) => void logged.push(`${level}: ${message}`),
};

makeHost();
makeBridge('lba', ['10.201.0.1/24', 'fd00:a::1/64']);
makeBridge('lbb', ['10.201.1.1/24', 'fd00:b::1/64']);
makeBridge('lbi', ['10.201.2.1/24', 'fd00:c::1/64']);
makeContainer('a1', 'lba', ['10.201.0.2/24', 'fd00:a::2/64'], ['10.201.0.1', 'fd00:a::1']);
makeContainer('a2', 'lba', ['10.201.0.3/24', 'fd00:a::3/64'], ['10.201.0.1', 'fd00:a::1']);
makeContainer('b1', 'lbb', ['10.201.1.2/24', 'fd00:b::2/64'], ['10.201.1.1', 'fd00:b::1']);
makeContainer('i1', 'lbi', ['10.201.2.2/24', 'fd00:c::2/64'], ['10.201.2.1', 'fd00:c::1']);
// The neighbour knows the way to the containers, as somebody would who wants to get round the firewall.
for (const words of ['10.201.0.0/16 via 192.0.2.1', 'fd00::/16 via 2001:db8::1'])
  run('ip', '-n', 'outside', 'route', 'add', ...words.split(' '));
run('ip', 'netns', 'exec', 'outside', 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
run('ip', '-n', 'outside', 'addr', 'del', '127.0.0.1/8', 'dev', 'lo');
run('ip', '-n', 'outside', 'route', 'add', '127.0.0.0/8', 'via', '192.0.2.1');

// With br_netfilter, a port that has a packet come back to the one who sent it must allow that.
run('ip', 'link', 'set', 'v-a1', 'type', 'bridge_slave', 'hairpin', 'on');

const both = (
  port: Omit<FirewallPort, 'hostAddress' | 'address'>,
  v4: string,
  v6: string,
): FirewallPort[] => [
  { ...port, hostAddress: v4, address: '10.201.0.2' },
  { ...port, hostAddress: v6, address: 'fd00:a::2' },
];
const one = { length: 1, containerPort: 80 } as const;
const state: FirewallState = {
  policies: [],
  priorities: [],
  networks: [
    { bridge: 'lba', subnets: ['10.201.0.0/24', 'fd00:a::/64'], internal: false, masquerade: true },
    { bridge: 'lbb', subnets: ['10.201.1.0/24', 'fd00:b::/64'], internal: false, masquerade: true },
    { bridge: 'lbi', subnets: ['10.201.2.0/24', 'fd00:c::/64'], internal: true, masquerade: true },
  ],
  ports: [
    ...both({ ...one, protocol: 'tcp', hostPort: 8080 }, '127.0.0.1', '::1'),
    ...both({ ...one, protocol: 'udp', hostPort: 8080 }, '127.0.0.1', '::1'),
    ...both({ ...one, protocol: 'tcp', hostPort: 8081 }, '0.0.0.0', '::'),
    ...both({ ...one, protocol: 'udp', hostPort: 8081 }, '0.0.0.0', '::'),
    ...both({ ...one, protocol: 'tcp', hostPort: 8082 }, '192.0.2.1', '2001:db8::1'),
    ...both({ protocol: 'tcp', hostPort: 9000, length: 100, containerPort: 9000 }, '0.0.0.0', '::'),
    ...both({ protocol: 'tcp', hostPort: 9200, length: 3, containerPort: 9010 }, '0.0.0.0', '::'),
    ...both({ protocol: 'tcp', hostPort: 9300, length: 100, containerPort: 9300 }, '127.0.0.1', '::1'),
  ],
};

const before = { rules: nft('list', 'ruleset'), forwarding: forwarding() };
const firewall = new Firewall(place);
const problem = firewall.problem();
if (problem) {
  console.log(JSON.stringify({ problem }));
  process.exit();
}
await serve(null, 7000);
await serve('a1', 80, 9000, 9012, 9050, 9099, 9350);
for (const name of ['a2', 'b1', 'i1', 'outside']) await serve(name, 80);

function forwarding(): string[] {
  return [
    'ipv4/ip_forward',
    'ipv4/conf/all/accept_redirects',
    'ipv6/conf/all/forwarding',
    'ipv6/conf/eth0/accept_ra',
  ].map((file) => readFileSync(`/proc/sys/net/${file}`, 'utf8').trim());
}

const results: Record<string, unknown> = {};
const asking: Promise<void>[] = [];

/** All of them at once: those whom nobody answers wait for seconds. */
function tell(
  name: string,
  where: string | null,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
): void {
  asking.push(
    ask(where, protocol, address, port).then((answer) => {
      results[name] = answer;
    }),
  );
}

/** Before anything changes. */
async function told(): Promise<void> {
  await Promise.all(asking.splice(0));
}

const hasBridgeFilter = existsSync('/proc/sys/net/bridge');
if (hasBridgeFilter) run('sysctl', '-qw', 'net.bridge.bridge-nf-call-ip6tables=0');
await firewall.apply({ add: { networks: state.networks } });
await firewall.apply({ add: { ports: state.ports } });
results['forwarding'] = forwarding();
results['hears routers'] = readFileSync('/proc/sys/net/ipv6/conf/lba/accept_ra', 'utf8').trim();

for (const protocol of ['tcp', 'udp'] as const) {
  const to = (name: string, where: string | null, address: string, port: number) =>
    tell(`${protocol} ${name}`, where, protocol, address, port);
  to('host to container', null, '10.201.0.2', 80);
  to('host to container, IPv6', null, 'fd00:a::2', 80);
  to('host to 127.0.0.1', null, '127.0.0.1', 8080);
  to('host to ::1', null, '::1', 8080);
  to('host to 127.0.0.1 of 0.0.0.0', null, '127.0.0.1', 8081);
  to('host to ::1 of ::', null, '::1', 8081);
  to('host to its own address', null, '192.0.2.1', 8081);
  to('host to its own address, IPv6', null, '2001:db8::1', 8081);
  to('neighbour to neighbour', 'a2', '10.201.0.2', 80);
  to('neighbour through the host', 'a2', '192.0.2.1', 8081);
  to('neighbour through the host, IPv6', 'a2', '2001:db8::1', 8081);
  to('neighbour through the gateway', 'a2', '10.201.0.1', 8081);
  to('itself through the host', 'a1', '192.0.2.1', 8081);
  to('itself through the host, IPv6', 'a1', '2001:db8::1', 8081);
  to('other network', 'b1', '10.201.0.2', 80);
  to('other network, IPv6', 'b1', 'fd00:a::2', 80);
  to('other network through the host', 'b1', '192.0.2.1', 8081);
  to('other network through the host, IPv6', 'b1', '2001:db8::1', 8081);
  to('outside', 'outside', '192.0.2.1', 8081);
  to('outside, IPv6', 'outside', '2001:db8::1', 8081);
  to('outside to the container', 'outside', '10.201.0.2', 80);
  to('outside to the container, IPv6', 'outside', 'fd00:a::2', 80);
  to('outside to a port of 127.0.0.1', 'outside', '192.0.2.1', 8080);
  to('outside to 127.0.0.1', 'outside', '127.0.0.1', 8080);
  to('container to outside', 'a1', '192.0.2.9', 80);
  to('container to outside, IPv6', 'a1', '2001:db8::9', 80);
  to('container to the host', 'a1', '10.201.0.1', 7000);
  to('internal to outside', 'i1', '192.0.2.9', 80);
  to('internal to outside, IPv6', 'i1', '2001:db8::9', 80);
  to('internal to the host', 'i1', '10.201.2.1', 7000);
  to('internal to other network', 'i1', '10.201.0.2', 80);
  to('internal to other network through the host', 'i1', '192.0.2.1', 8081);
  to('other network to internal', 'a1', '10.201.2.2', 80);
  to('host to internal', null, '10.201.2.2', 80);
  to('host to internal, IPv6', null, 'fd00:c::2', 80);
}
// br_netfilter: packets within a bridge come past the firewall of IP, too.
const nothing = { networks: [], ports: [] };
for (const setting of hasBridgeFilter ? ['0', '1'] : []) {
  await told();
  run(
    'sysctl',
    '-qw',
    `net.bridge.bridge-nf-call-iptables=${setting}`,
    `net.bridge.bridge-nf-call-ip6tables=${setting}`,
  );
  await firewall.apply({ add: nothing });
  tell(`bridge filter ${setting}, range 9350 of ::1`, null, 'tcp', '::1', 9350);
  for (const protocol of ['tcp', 'udp'] as const) {
    tell(`${protocol} bridge filter ${setting}, host to ::1`, null, protocol, '::1', 8080);
    tell(`${protocol} bridge filter ${setting}, host to ::1 of ::`, null, protocol, '::1', 8081);
    tell(`${protocol} bridge filter ${setting}, neighbour`, 'a2', protocol, '10.201.0.2', 80);
    tell(`${protocol} bridge filter ${setting}, itself`, 'a1', protocol, '192.0.2.1', 8081);
    tell(`${protocol} bridge filter ${setting}, itself, IPv6`, 'a1', protocol, '2001:db8::1', 8081);
  }
}
results['has bridge filter'] = hasBridgeFilter;
tell('one address', 'outside', 'tcp', '192.0.2.1', 8082);
tell('one address, not another', null, 'tcp', '127.0.0.1', 8082);
for (const port of [9000, 9050, 9099, 9100, 9202, 9203])
  tell(`range ${port}`, 'outside', 'tcp', '192.0.2.1', port);
tell('range 9350 of 127.0.0.1', null, 'tcp', '127.0.0.1', 9350);

await told();

// A container that has the right to says that it is 127.0.0.1, or writes to it, past its own loopback.
run('ip', 'netns', 'exec', 'a2', 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
run('ip', '-n', 'a2', 'addr', 'del', '127.0.0.1/8', 'dev', 'lo');
run('ip', '-n', 'a2', 'route', 'add', '127.0.0.0/8', 'via', '10.201.0.1');
tell('container to 127.0.0.1 of the host', 'a2', 'tcp', '127.0.0.1', 7000);
tell('container to a port of 127.0.0.1', 'a2', 'tcp', '127.0.0.1', 8080);

await told();

// The port of a container is another's before the first has given it up.
const moved: FirewallPort = {
  ...one,
  protocol: 'tcp',
  hostPort: 8081,
  hostAddress: '0.0.0.0',
  address: '10.201.0.3',
};
await firewall.apply({ add: { ports: [moved] } });
await firewall.apply({ remove: { ports: state.ports.filter(({ hostPort }) => hostPort === 8081) } });
tell('moved port', 'outside', 'tcp', '192.0.2.1', 8081);
tell('removed port', 'outside', 'tcp', '2001:db8::1', 8081);
tell('port beside', null, 'tcp', '127.0.0.1', 8080);

await told();

// One of three networks whose subnets are in a row.
const middle = state.networks.filter(({ bridge }) => bridge === 'lbb');
const toldOut = (when: string) => {
  tell(`${when}: beside it`, 'a1', 'tcp', '192.0.2.9', 80);
  tell(`${when}: itself`, 'b1', 'tcp', '192.0.2.9', 80);
};
await firewall.apply({ remove: { networks: middle } });
toldOut('removed network');
await told();
await firewall.apply({ add: { networks: middle } });
toldOut('network again');
await told();

// Somebody flushes.
for (const words of [
  ['flush', 'ruleset'],
  ['flush', 'table', 'inet', 'liker-test'],
  ['delete', 'chain', 'inet', 'liker-test', 'early'],
]) {
  const count = logged.length;
  const start = Date.now();
  nft(...words);
  while (logged.length === count && Date.now() - start < 10_000)
    await new Promise((done) => setTimeout(done, 5));
  tell(`after nft ${words.join(' ')}`, 'outside', 'tcp', '192.0.2.1', 8081);
  await told();
}
const count = logged.length;
nft('add', 'table', 'ip', 'theirs');
nft('add', 'chain', 'ip', 'theirs', 'c', '{ type nat hook output priority 0; }');
nft('add', 'rule', 'ip', 'theirs', 'c', 'accept');
nft('delete', 'table', 'ip', 'theirs');
await firewall.apply({ add: { ports: [] } });
results['foreign changes'] = logged.slice(count);

// Another likerd takes over.
await firewall.close();
const next = new Firewall(place);
await next.rebuild({ ...state, ports: state.ports.filter(({ hostPort }) => hostPort === 8082) });
tell('after a restart', 'outside', 'tcp', '192.0.2.1', 8082);
tell('after a restart, gone', null, 'tcp', '127.0.0.1', 8080);
await told();
await next.close();
results['rules in use'] = nft('list', 'tables').trim();

const last = new Firewall(place);
await last.rebuild(state);
await last.apply({ remove: { ports: state.ports } });
await last.apply({ remove: { networks: state.networks } });
await last.close();
results['at the end'] =
  nft('list', 'ruleset') === before.rules && String(forwarding()) === String(before.forwarding);
results['logged'] = logged;
console.log(JSON.stringify(results));
stopServers();
rmSync(folder, { recursive: true });
process.exit();
