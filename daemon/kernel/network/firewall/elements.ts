// What the firewall is to know, as elements of the table's sets and maps. The keys are as the kernel compares them: each part fills registers of
// four bytes (nf_tables.h).
import { isIPv4 } from 'node:net';
import { addressBytes, subnetRange } from '../address.ts';
import { disjoint } from './disjoint.ts';
import type {
  FirewallNetwork,
  FirewallPolicy,
  FirewallPort,
  FirewallPriority,
  FirewallState,
} from './state.ts';

const nameBytes = 16;

/** Sets and maps of the table, as nft(8) declares them. */
export const sets = {
  networks: 'set networks { type ifname; }',
  internal: 'set internal { type ifname; }',
  within: 'set within { type ifname . ifname; }',
  // ::1, where it cannot be served.
  unserved: 'set unserved { type ipv6_addr; }',
  masquerade4: 'set masquerade4 { type ipv4_addr; flags interval; }',
  masquerade6: 'set masquerade6 { type ipv6_addr; flags interval; }',
  hairpin4: 'set hairpin4 { type ipv4_addr . ifname; flags interval; }',
  hairpin6: 'set hairpin6 { type ipv6_addr . ifname; flags interval; }',
  any4: 'map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }',
  any6: 'map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }',
  ports4: 'map ports4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }',
  ports6: 'map ports6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }',
  anyRanges4: 'map anyRanges4 { type inet_proto . inet_service : ipv4_addr; flags interval; }',
  anyRanges6: 'map anyRanges6 { type inet_proto . inet_service : ipv6_addr; flags interval; }',
  ranges4: 'map ranges4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr; flags interval; }',
  ranges6: 'map ranges6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr; flags interval; }',
  policed: 'set policed { type ifname; }',
  sources4: 'set sources4 { type ifname . ipv4_addr; }',
  sources6: 'set sources6 { type ifname . ipv6_addr; }',
  allowed4: 'set allowed4 { type ifname . ipv4_addr; flags interval; }',
  allowed6: 'set allowed6 { type ifname . ipv6_addr; flags interval; }',
  allowedPorts4: 'set allowedPorts4 { type ifname . ipv4_addr . inet_proto . inet_service; flags interval; }',
  allowedPorts6: 'set allowedPorts6 { type ifname . ipv6_addr . inet_proto . inet_service; flags interval; }',
  priorities4: 'map priorities4 { type ipv4_addr : classid; }',
  priorities6: 'map priorities6 { type ipv6_addr : classid; }',
  guarded: 'set guarded { type nf_proto; }',
  prioritized: 'set prioritized { type nf_proto; }',
} as const;

/** Sets that the resolver fills with the addresses of names that are allowed. */
export const grantedSets = ['granted4', 'granted6', 'grantedPorts4', 'grantedPorts6'] as const;

/** Sets of the table that others fill: those, and one that packets fill. */
export const setsOfOthers = [
  'set granted4 { type ifname . ipv4_addr; size 65535; flags timeout; }',
  'set granted6 { type ifname . ipv6_addr; size 65535; flags timeout; }',
  'set grantedPorts4 { type ifname . ipv4_addr . inet_proto . inet_service; size 65535; flags timeout; }',
  'set grantedPorts6 { type ifname . ipv6_addr . inet_proto . inet_service; size 65535; flags timeout; }',
  'set reporting { type ifname; size 65535; flags dynamic,timeout; timeout 1m; }',
] as const;

export type SetName = keyof typeof sets | (typeof grantedSets)[number];

/** Both families are in such a set while the others have elements: packets go through the rules on those only then. */
export const switches = {
  guarded: ['policed'],
  prioritized: ['priorities4', 'priorities6'],
} as const satisfies Partial<Record<SetName, readonly SetName[]>>;

export interface Element {
  readonly set: SetName;
  readonly key: Buffer;
  /** Of a set with intervals whose key has parts: the last key. */
  readonly lastKey?: Buffer;
  /** Of a set with intervals whose key is one part: the key is the first one after the interval. */
  readonly isEnd?: boolean;
  readonly data?: Buffer;
}

/** Tells elements of all sets apart. */
export function elementKey({ set, key, lastKey, isEnd }: Element): string {
  return `${set} ${key.toString('latin1')} ${lastKey?.toString('latin1') ?? ''}${isEnd ? 'end' : ''}`;
}

export function elementsOf({
  networks = [],
  ports = [],
  policies = [],
  priorities = [],
}: Partial<FirewallState>): Element[] {
  return [
    ...networks.flatMap(ofNetwork),
    ...ofPorts(ports),
    ...policies.flatMap(ofPolicy),
    ...priorities.map(ofPriority),
  ];
}

/** The elements by which a switch is on. */
export function ofSwitch(set: keyof typeof switches): Element[] {
  return familyNumbers.map((family) => ({ set, key: Buffer.from([family]) }));
}

/** NFPROTO_IPV4, NFPROTO_IPV6. */
const familyNumbers = [2, 10];

function ofNetwork({ bridge, subnets, internal, masquerade }: FirewallNetwork): Element[] {
  const name = interfaceName(bridge);
  return [
    { set: 'networks', key: name },
    { set: 'within', key: Buffer.concat([name, name]) },
    ...(internal ? [{ set: 'internal', key: name } as const] : []),
    ...subnets.map((subnet) => hairpin(subnet, name)),
    ...subnets.flatMap((subnet) => {
      const { first, last } = subnetRange(subnet);
      return masquerade && !internal ? interval(`masquerade${familyOf(first)}`, first, last) : [];
    }),
  ];
}

function hairpin(subnet: string, name: Buffer): Element {
  const { first, last } = subnetRange(subnet);
  return {
    set: `hairpin${familyOf(first)}`,
    key: Buffer.concat([first, name]),
    lastKey: Buffer.concat([last, name]),
  };
}

/** The routed link of a container stands beside the bridge of its network, and belongs to it. */
function ofPolicy({
  link,
  network: { bridge, subnets, internal },
  addresses,
  allowed,
}: FirewallPolicy): Element[] {
  const name = interfaceName(link);
  const peers = interfaceName(bridge);
  return [
    { set: 'policed', key: name },
    { set: 'networks', key: name },
    { set: 'within', key: Buffer.concat([peers, name]) },
    { set: 'within', key: Buffer.concat([name, peers]) },
    ...(internal ? [{ set: 'internal', key: name } as const] : []),
    ...subnets.map((subnet) => hairpin(subnet, name)),
    ...addresses.map((text): Element => {
      const address = addressBytes(text);
      return { set: `sources${familyOf(address)}`, key: Buffer.concat([name, address]) };
    }),
    ...disjoint(allowed).map(({ subnet, ports }): Element => {
      const { first, last } = subnetRange(subnet);
      const family = familyOf(first);
      const key = (address: Buffer, port: number): Buffer =>
        Buffer.concat([
          name,
          address,
          ...(ports === null ? [] : [register(protocolNumbers[ports.protocol]), service(port)]),
        ]);
      return {
        set: ports === null ? `allowed${family}` : `allowedPorts${family}`,
        key: key(first, ports?.first ?? 0),
        lastKey: key(last, ports?.last ?? 0),
      };
    }),
  ];
}

function familyOf(address: Buffer): 4 | 6 {
  return address.length === 4 ? 4 : 6;
}

function interfaceName(name: string): Buffer {
  const bytes = Buffer.alloc(nameBytes);
  bytes.write(name, 0, nameBytes - 1, 'latin1');
  return bytes;
}

function interval(set: SetName, first: Buffer, last: Buffer): Element[] {
  const after = Buffer.from(last);
  let at = after.length - 1;
  while (at >= 0 && after[at] === 0xff) after[at--] = 0;
  if (at < 0) return [{ set, key: first }];
  after[at] = (after[at] ?? 0) + 1;
  return [
    { set, key: first },
    { set, key: after, isEnd: true },
  ];
}

const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/** A container has few addresses, and may have many ports. */
function ofPorts(ports: readonly FirewallPort[]): Element[] {
  const known = new Map<string, Buffer>();
  const bytesOf = (address: string): Buffer => {
    const bytes = known.get(address) ?? addressBytes(address);
    known.set(address, bytes);
    return bytes;
  };
  return ports.flatMap((port) => ofPort(port, bytesOf));
}

/** A range whose ports stay as they are is one element; the kernel cannot shift a range, so any other is one for each port. */
function ofPort(port: FirewallPort, bytesOf: (address: string) => Buffer): Element[] {
  const { hostAddress, hostPort, length, address, containerPort } = port;
  const family = isIPv4(address) ? 4 : 6;
  const isAny = hostAddress === '0.0.0.0' || hostAddress === '::';
  const key = (at: number): Buffer =>
    Buffer.concat([
      ...(isAny ? [] : [bytesOf(hostAddress)]),
      register(protocolNumbers[port.protocol]),
      service(at),
    ]);
  if (length > 1 && hostPort === containerPort)
    return [
      {
        set: isAny ? `anyRanges${family}` : `ranges${family}`,
        key: key(hostPort),
        lastKey: key(hostPort + length - 1),
        data: bytesOf(address),
      },
    ];
  return Array.from({ length }, (_, index) => ({
    set: isAny ? `any${family}` : `ports${family}`,
    key: key(hostPort + index),
    data: Buffer.concat([bytesOf(address), service(containerPort + index)]),
  }));
}

function ofPriority({ address, priority }: FirewallPriority): Element {
  return {
    set: `priorities${isIPv4(address) ? 4 : 6}`,
    key: addressBytes(address),
    data: register(priority),
  };
}

function register(byte: number): Buffer {
  return Buffer.from([byte, 0, 0, 0]);
}

function service(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff, 0, 0]);
}
