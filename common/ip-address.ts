import { isIPv4, isIPv6 } from 'node:net';

// Addresses and subnets as numbers.

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export interface Subnet {
  readonly family: Family;
  /** Its lowest address. */
  readonly first: bigint;
  /** Bits. */
  readonly prefix: number;
}

export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** Null: it is no address. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return { family: 4, value: fromBytes(text.split('.').map(Number)) };
  // With a zone (fe80::1%eth0) it depends on the machine.
  if (!isIPv6(text) || text.includes('%')) return null;
  return { family: 6, value: fromGroups(groupsOf(text)) };
}

/** In the form of RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  const parts = (count: number, bits: number): number[] =>
    Array.from({ length: count }, (_, index) =>
      Number((value >> BigInt((count - 1 - index) * bits)) & ((1n << BigInt(bits)) - 1n)),
    );
  if (family === 4) return parts(4, 8).join('.');
  return shortest(parts(8, 16));
}

/** ADDRESS/PREFIX, with bits of a host or without. Null: it is no subnet. */
export function parseSubnet(text: string): Subnet | null {
  const [, address = '', digits = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  const prefix = Number(digits);
  if (parsed === null || prefix > addressBits(parsed.family)) return null;
  const { family, value } = parsed;
  return { family, first: value & ~hostMask(family, prefix), prefix };
}

export function formatSubnet({ family, first, prefix }: Subnet): string {
  return `${formatAddress({ family, value: first })}/${prefix}`;
}

export function lastOf({ family, first, prefix }: Subnet): bigint {
  return first | hostMask(family, prefix);
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.first && value <= lastOf(subnet);
}

/** One of two subnets that overlap has all of the other. */
export function overlap(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.first <= lastOf(other) && other.first <= lastOf(one);
}

function hostMask(family: Family, prefix: number): bigint {
  return (1n << BigInt(addressBits(family) - prefix)) - 1n;
}

function fromBytes(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function fromGroups(groups: readonly number[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The eight groups of an IPv6 address, whose last two may stand as an IPv4 address. */
function groupsOf(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => (word.includes('.') ? pairOf(word) : [Number.parseInt(word, 16)]));
  const [first, last] = [groups(head), groups(tail ?? '')];
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function pairOf(dotted: string): number[] {
  const value = Number(fromBytes(dotted.split('.').map(Number)));
  return [Math.floor(value / 0x10000), value % 0x10000];
}

/** The longest run of zeros, of two at least, becomes '::'. */
function shortest(groups: readonly number[]): string {
  const runs = groups.map((_, from) => {
    const end = groups.findIndex((group, index) => index >= from && group !== 0);
    return { from, length: (end === -1 ? groups.length : end) - from };
  });
  const best = runs.reduce((one, run) => (run.length > one.length ? run : one));
  const text = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`;
}

/** Only the machine itself reaches it. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
