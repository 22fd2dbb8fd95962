// The kernel's table of connections (linux/netfilter/nfnetlink_conntrack.h) and of neighbours (arp(7)).
import { readFileSync } from 'node:fs';
import { addressBytes, addressFamily, addressText, familyOf } from './address.ts';
import { refusedBy, tryAsking } from './ask.ts';
import { neighbourRemoval } from './neighbours.ts';
import { type Answer, type Attribute, attributesOf, family, flag, nested, type Request } from './netlink.ts';
import { u32 } from './rtnetlink.ts';

const subsystem = 0x100;
const conntrack = { new: subsystem, get: subsystem + 1, delete: subsystem + 2 } as const;
/** struct nfgenmsg: u8 family, u8 version, u16 resource. */
const headBytes = 4;
/** CTA_*. */
const attribute = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;
const tupleAddresses = 1;
const source = { v4: 1, v6: 3 } as const;
const filterFlags = { original: 1, reply: 2 } as const;
/** CTA_FILTER_F_CTA_IP_SRC. */
const bySource = 1;
const isNested = 0x8000;

type Direction = 'original' | 'reply';
const directions: readonly Direction[] = ['original', 'reply'];

function head(address: string): Buffer {
  return Buffer.of(familyOf(address), 0, 0, 0);
}

function nest(type: number, attributes: readonly Attribute[]): Attribute {
  return { type: type | isNested, value: nested(attributes) };
}

const sourceType = (address: string): number =>
  familyOf(address) === addressFamily.v4 ? source.v4 : source.v6;

/** Asks for all entries. */
const entriesRequest: Request = { type: conntrack.get, flags: flag.dump, body: Buffer.alloc(headBytes) };

/** Asks for the entries whose packets of a direction come from the address. A kernel before 5.8 answers with all entries. */
function entriesFrom(address: string, direction: Direction): Request {
  const from = { type: sourceType(address), value: addressBytes(address) };
  return {
    type: conntrack.get,
    flags: flag.dump,
    body: head(address),
    attributes: [
      nest(attribute[direction], [nest(tupleAddresses, [from])]),
      nest(attribute.filter, [{ type: filterFlags[direction], value: u32(bySource) }]),
    ],
  };
}

/** The removal of an entry, as the kernel has described it. */
function removal(address: string, values: Map<number, Buffer>): Request {
  const { original, id, zone } = attribute;
  const kept = [id, zone].flatMap((type) => {
    const value = values.get(type);
    return value ? [{ type, value }] : [];
  });
  return {
    type: conntrack.delete,
    flags: flag.acknowledge,
    body: head(address),
    attributes: [{ type: original | isNested, value: values.get(original) ?? Buffer.alloc(0) }, ...kept],
  };
}

/** Where packets of a direction come from; empty: nowhere that can be told. */
function sourceOf(tuple: Buffer | undefined): string {
  const addresses = tuple && attributesOf(tuple, 0).get(tupleAddresses);
  const values = addresses && attributesOf(addresses, 0);
  const from = values?.get(source.v4) ?? values?.get(source.v6);
  return from === undefined ? '' : addressText(from);
}

/**
 * Removes what the kernel remembers of addresses that somebody else may get: the connections from and to them, whatever was translated,
 * and the neighbours on an interface, by its index. Takes tens of milliseconds where the table is large, whatever is in it. Kernels without
 * one of the two tables have nothing to forget. Throws SYSCALL.
 */
export async function forgetAddresses(addresses: readonly string[], link: number): Promise<void> {
  await Promise.all([
    forgetConnections(addresses),
    ...addresses.map((address) => forgetNeighbour(address, link)),
  ]);
}

/** Addresses that the next walk through the table is for, and that walk; it begins when the one before has ended. */
let waiting = new Set<string>();
let nextWalk: Promise<void> | null = null;
let lastWalk: Promise<void> = Promise.resolve();

function forgetConnections(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) waiting.add(address);
  nextWalk ??= lastWalk.then(() => {
    const now = waiting;
    waiting = new Set();
    nextWalk = null;
    const walk = removeEntries(now);
    lastWalk = walk.catch(() => {});
    return walk;
  });
  return nextWalk;
}

async function removeEntries(addresses: ReadonlySet<string>): Promise<void> {
  const count = entryCount();
  if (count === 0) return;
  const requests = count <= mostEntries ? [entriesRequest] : [...addresses].flatMap(entriesOf);
  const removals = new Map<string, Request>();
  for (const { payload } of await entriesAmong(requests)) {
    const values = attributesOf(payload, headBytes);
    const address = directions
      .map((direction) => sourceOf(values.get(attribute[direction])))
      .find(isOneOf(addresses));
    if (address !== undefined)
      removals.set(values.get(attribute.id)?.toString('hex') ?? '', removal(address, values));
  }
  // One at a time: an entry may have gone meanwhile.
  for (const request of removals.values()) await tryAsking('own', [request], family.netfilter);
}

/** Up to so many are all read: each question goes through the whole table, which has many more places. */
const mostEntries = 2000;

function entriesOf(address: string): Request[] {
  return directions.map((direction) => entriesFrom(address, direction));
}

/** How many connections the kernel knows in this namespace; infinite if it does not tell. */
function entryCount(): number {
  try {
    return Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_count', 'latin1'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** A connection, as it began: the address that was asked for, whatever it was translated to. */
export interface Connection {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Of the destination; 0: there are no ports. */
  readonly port: number;
  readonly end: Request;
}

/** The connections that began at these addresses. */
export async function connectionsFrom(addresses: ReadonlySet<string>): Promise<Connection[]> {
  const count = addresses.size === 0 ? 0 : entryCount();
  if (count === 0) return [];
  const requests =
    count <= mostEntries
      ? [entriesRequest]
      : [...addresses].map((address) => entriesFrom(address, 'original'));
  const answers = await entriesAmong(requests);
  return answers.map(connectionOf).filter(({ source }) => addresses.has(source));
}

export async function endConnections(connections: readonly Connection[]): Promise<void> {
  // One at a time: an entry may have gone meanwhile.
  for (const { end } of connections) await tryAsking('own', [end], family.netfilter);
}

const tupleProtocol = { tuple: 2, number: 1, destinationPort: 3 } as const;
const destinationOf = { v4: 2, v6: 4 } as const;

function connectionOf({ payload }: Answer): Connection {
  const values = attributesOf(payload, headBytes);
  const tuple = attributesOf(values.get(attribute.original) ?? Buffer.alloc(0), 0);
  const addresses = attributesOf(tuple.get(tupleAddresses) ?? Buffer.alloc(0), 0);
  const protocol = attributesOf(tuple.get(tupleProtocol.tuple) ?? Buffer.alloc(0), 0);
  const destination = addresses.get(destinationOf.v4) ?? addresses.get(destinationOf.v6);
  const source = sourceOf(values.get(attribute.original));
  return {
    source,
    destination: destination === undefined ? '' : addressText(destination),
    protocol: protocol.get(tupleProtocol.number)?.readUInt8() ?? 0,
    port: protocol.get(tupleProtocol.destinationPort)?.readUInt16BE() ?? 0,
    end: removal(source, values),
  };
}

/** None where the kernel has no such table. */
async function entriesAmong(requests: readonly Request[]): Promise<Answer[]> {
  const { answers, refused } = await tryAsking('own', requests, family.netfilter);
  // EINVAL, ENOTSUP: no subsystem of that number.
  if (refused !== null && ['EINVAL', 'ENOTSUP'].includes(refused.errno)) return [];
  if (refused !== null) throw refusedBy('read the table of connections', refused);
  return answers.filter(isEntry);
}

const isOneOf =
  (addresses: ReadonlySet<string>) =>
  (address: string): boolean =>
    addresses.has(address);

function isEntry({ type, payload }: Answer): boolean {
  return type === conntrack.new && payload.length >= headBytes;
}

async function forgetNeighbour(address: string, link: number): Promise<void> {
  const { refused } = await tryAsking('own', [neighbourRemoval(address, link)]);
  // The kernel may have forgotten it, and the interface may be gone.
  if (refused !== null && !['ENOENT', 'ENODEV', 'EINVAL'].includes(refused.errno))
    throw refusedBy(`forget the neighbour ${address}`, refused);
}
