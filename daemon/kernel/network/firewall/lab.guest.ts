// A host, a neighbour of it and containers, as network namespaces: for guests that run in namespaces of their own (unshare -nm).
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

export const nft = (...words: readonly string[]): string => run('nft', ...words);

/** The rules of others than the table `own`, without what they count. */
export function others(own: string): string {
  return nft('list', 'tables')
    .split('\n')
    .filter((table) => table !== '' && !table.includes(own))
    .map((table) => nft('list', ...table.split(' ')))
    .join('\n')
    .replace(/packets \d+ bytes \d+/g, '');
}

function ip(line: string): void {
  run('ip', ...line.split(' '));
}

/** Null: this namespace, the host. */
type Place = string | null;

function inside(place: Place, words: readonly string[]): string[] {
  return place === null ? [...words] : ['ip', 'netns', 'exec', place, ...words];
}

/** The host has eth0, on which there is a neighbour `outside`, through which it reaches everything. */
export function makeHost(): void {
  run('mount', '-t', 'tmpfs', 'none', '/run');
  // A new namespace takes it from the initial one.
  for (const file of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
    writeFileSync(`/proc/sys/net/${file}`, '0');
  ip('link set lo up');
  ip('netns add outside');
  ip('link add eth0 type veth peer name eth0 netns outside');
  for (const address of ['192.0.2.1/24', '2001:db8::1/64'])
    ip(`addr add ${address} dev eth0${nodad(address)}`);
  ip('link set eth0 up');
  for (const line of [
    'link set lo up',
    'addr add 192.0.2.9/24 dev eth0',
    'addr add 2001:db8::9/64 dev eth0 nodad',
    'link set eth0 up',
  ])
    ip(`-n outside ${line}`);
  ip('route add default via 192.0.2.9');
  ip('-6 route add default via 2001:db8::9');
}

function nodad(address: string): string {
  return address.includes(':') ? ' nodad' : '';
}

/** `addresses`: of the host, with the length of the prefix. */
export function makeBridge(bridge: string, addresses: readonly string[]): void {
  ip(`link add ${bridge} type bridge`);
  for (const address of addresses) ip(`addr add ${address} dev ${bridge}${nodad(address)}`);
  ip(`link set ${bridge} up`);
}

/** `gateways`: none for a network that leads nowhere. */
export function makeContainer(
  name: string,
  bridge: string,
  addresses: readonly string[],
  gateways: readonly string[],
): void {
  ip(`netns add ${name}`);
  ip(`link add v-${name} type veth peer name eth0 netns ${name}`);
  ip(`link set v-${name} master ${bridge}`);
  ip(`link set v-${name} up`);
  ip(`-n ${name} link set lo up`);
  for (const address of addresses) ip(`-n ${name} addr add ${address} dev eth0${nodad(address)}`);
  ip(`-n ${name} link set eth0 up`);
  for (const gateway of gateways)
    ip(`-n ${name} ${gateway.includes(':') ? '-6 ' : ''}route add default via ${gateway}`);
}

const servers: (() => void)[] = [];

/** Runs in a namespace: answers each who comes with its name and the address that it sees him at. */
const server = `
const [name, ...ports] = process.argv.slice(1);
const all = [];
for (const port of ports)
  for (const [address, type] of [['0.0.0.0', 'udp4'], ['::', 'udp6']]) {
    const tcp = require('node:net').createServer((socket) => socket.on('error', () => {}).end(name + ' ' + socket.remoteAddress + '\\n'));
    all.push(new Promise((up) => tcp.listen({ host: address, port, ipv6Only: true }, up)));
    const udp = require('node:dgram').createSocket({ type, ipv6Only: type === 'udp6' });
    udp.on('message', (_, from) => udp.send(name + ' ' + from.address + '\\n', from.port, from.address));
    all.push(new Promise((up) => udp.bind(Number(port), address, up)));
  }
Promise.all(all).then(() => console.log('up'));
`;

/** Listens on these ports, for TCP and UDP, in both families. */
export async function serve(place: Place, ...ports: readonly number[]): Promise<void> {
  const name = place ?? 'host';
  const [program = '', ...args] = inside(place, [process.execPath, '-e', server, name, ...ports.map(String)]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}

export function stopServers(): void {
  for (const stop of servers.splice(0)) stop();
}

/** What answers at this address: `NAME ADDRESS`, the server and where it sees us; or `refused` or `silence`. */
export async function ask(
  place: Place,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  // A server of TCP that answers unasked would reset the connection if it ended with something unread.
  says = protocol === 'tcp' ? '' : 'x\n',
): Promise<string> {
  const host = address.includes(':') ? `[${address}]` : address;
  const target = protocol === 'tcp' ? `TCP:${host}:${port},connect-timeout=2` : `UDP:${host}:${port}`;
  const [program = '', ...args] = inside(place, ['socat', '-t2', '-T2', '-', target]);
  const asking = promisify(execFile)(program, args, { encoding: 'utf8' });
  // Who is refused at once reads nothing.
  asking.child.stdin?.on('error', () => {});
  asking.child.stdin?.end(says);
  return asking.then(
    ({ stdout }) => stdout.trim() || 'silence',
    ({ stderr }) => (/refused/.test(stderr) ? 'refused' : 'silence'),
  );
}
