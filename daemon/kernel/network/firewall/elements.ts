// What the firewall is to know, as elements of the table's sets and maps. The keys are as the kernel compares them: each part fills registers of
// four bytes (nf_tables.h).
import { isIPv4 } from 'node:net';
import { addressBytes, subnetRange } from '../address.ts';
import type { FirewallNetwork, FirewallPort, FirewallState } from './state.ts';

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
} as const;

export type SetName = keyof typeof sets;

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
  return `${set} ${key.toString('hex')} ${lastKey?.toString('hex') ?? ''}${isEnd ? 'end' : ''}`;
}

export function elementsOf({ networks = [], ports = [] }: Partial<FirewallState>): Element[] {
  return [...networks.flatMap(ofNetwork), ...ports.flatMap(ofPort)];
}

function ofNetwork({ bridge, subnets, internal, masquerade }: FirewallNetwork): Element[] {
  const name = interfaceName(bridge);
  return [
    { set: 'networks', key: name },
    { set: 'within', key: Buffer.concat([name, name]) },
    ...(internal ? [{ set: 'internal', key: name } as const] : []),
    ...subnets.flatMap((subnet): Element[] => {
      const { first, last } = subnetRange(subnet);
      const family = first.length === 4 ? 4 : 6;
      return [
        {
          set: `hairpin${family}`,
          key: Buffer.concat([first, name]),
          lastKey: Buffer.concat([last, name]),
        },
        ...(masquerade && !internal ? interval(`masquerade${family}`, first, last) : []),
      ];
    }),
  ];
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

/** A range whose ports stay as they are is one element; the kernel cannot shift a range, so any other is one for each port. */
function ofPort(port: FirewallPort): Element[] {
  const { hostAddress, hostPort, length, address, containerPort } = port;
  const family = isIPv4(address) ? 4 : 6;
  const isAny = hostAddress === '0.0.0.0' || hostAddress === '::';
  const key = (at: number): Buffer =>
    Buffer.concat([
      ...(isAny ? [] : [addressBytes(hostAddress)]),
      register(protocolNumbers[port.protocol]),
      service(at),
    ]);
  if (length > 1 && hostPort === containerPort)
    return [
      {
        set: isAny ? `anyRanges${family}` : `ranges${family}`,
        key: key(hostPort),
        lastKey: key(hostPort + length - 1),
        data: addressBytes(address),
      },
    ];
  return Array.from({ length }, (_, index) => ({
    set: isAny ? `any${family}` : `ports${family}`,
    key: key(hostPort + index),
    data: Buffer.concat([addressBytes(address), service(containerPort + index)]),
  }));
}

function register(byte: number): Buffer {
  return Buffer.from([byte, 0, 0, 0]);
}

function service(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff, 0, 0]);
}
