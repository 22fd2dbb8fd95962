import { createHash, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { linkState, netlink } from '../../native/libliker.ts';
import { addressFamily, familyOf, type InterfaceAddress } from './address.ts';
import { ask, refusedBy, tryAsking } from './ask.ts';
import { decodeAnswers, encodeRequests, type Request } from './netlink.ts';
import {
  bridgeRequest,
  deleteLinkRequest,
  getLinkRequest,
  ipvlanRequest,
  type Link,
  linkAttribute,
  linksOf,
  linksRequest,
  macvlanRequest,
  newAddressRequest,
  setLinkRequest,
  vethRequest,
} from './rtnetlink.ts';

export type { Link } from './rtnetlink.ts';

/** A bridge in likerd's network namespace. */
export interface Bridge {
  readonly name: string;
  /** IFLA_IFALIAS: `liker:TAG:ID`. */
  readonly alias: string;
  readonly mtu: number;
  /** Of the host in this network: the gateway of its containers. */
  readonly addresses: readonly InterfaceAddress[];
}

/** The link of this name in likerd's network namespace; null: there is none. */
export async function linkNamed(name: string): Promise<Link | null> {
  const { answers, refused } = await tryAsking('own', [getLinkRequest({ name })]);
  if (refused?.errno === 'ENODEV') return null;
  if (refused !== null) throw refusedBy(`look at the interface '${name}'`, refused);
  return linksOf(answers)[0] ?? null;
}

/** The links in likerd's network namespace whose alias begins with this. */
export async function ownLinks(aliasPrefix: string): Promise<Link[]> {
  const links = linksOf(await ask('own', 'list the network interfaces', [linksRequest]));
  return links.filter(({ alias }) => alias.startsWith(aliasPrefix));
}

/** Removes a link, and its other end if it has one. A missing one is no error. */
export async function removeLink(name: string): Promise<void> {
  const { refused } = await tryAsking('own', [deleteLinkRequest(name)]);
  if (refused !== null && refused.errno !== 'ENODEV')
    throw refusedBy(`remove the interface '${name}'`, refused);
}

/**
 * Takes a link down and frees its name. What is left of it is for the kernel, which removes a veth with the namespace of its other end: that
 * takes tens of milliseconds, for which nobody should wait, and until then the namespace of a container that has ended would still answer for
 * its addresses. A missing link is no error.
 */
export async function cutLink(name: string): Promise<void> {
  const link = linkState(name);
  if (link === null) return;
  const { index } = link;
  const { refused } = await tryAsking('own', [
    setLinkRequest({}, { index, isDown: true }),
    setLinkRequest({ name: `lx${randomBytes(6).toString('hex')}` }, { index }),
  ]);
  if (refused !== null && refused.errno !== 'ENODEV')
    throw refusedBy(`take the interface '${name}' down`, refused);
}

/** Indexes of bridges that were made here, or found as they must be, by name. No other interface gets the same. */
const complete = new Map<string, number>();

/**
 * Makes a bridge, with its addresses, and brings it up; returns its index. One that is there, up and the same, is left as it is, which costs little.
 * Throws SYSCALL.
 */
export async function ensureBridge(bridge: Bridge): Promise<number> {
  const { name, alias, mtu } = bridge;
  const now = linkState(name);
  if (now?.isUp && now.mtu === mtu && now.index === complete.get(name)) return now.index;
  const found = await linkNamed(name);
  const isSame = found?.isUp && found.kind === 'bridge' && found.alias === alias && found.mtu === mtu;
  const index = isSame ? found.index : await makeBridge(bridge);
  complete.set(name, index);
  return index;
}

async function makeBridge({ name, alias, mtu, addresses }: Bridge): Promise<number> {
  const what = `make the bridge '${name}'`;
  const answers = await ask('own', what, [
    // Otherwise its MAC address would change with its ports, and containers would send to the old one.
    bridgeRequest({ name, mtu, mac: bridgeMac(name) }),
    setLinkRequest({ name, alias, mtu }),
    getLinkRequest({ name }),
  ]);
  const index = linksOf(answers)[0]?.index ?? 0;
  const hasIpv6 = addresses.some(({ address }) => familyOf(address) === addressFamily.v6);
  setBridgeSysctls(name, hasIpv6);
  await ask('own', what, [
    ...addresses.map((address) => newAddressRequest(address, index)),
    setLinkRequest({}, { index, isUp: true }),
  ]);
  return index;
}

/** Locally administered, and the same whenever the bridge is made again. */
export function bridgeMac(name: string): string {
  const hash = createHash('sha256').update(name).digest();
  return [0x02, ...hash.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Before the bridge is up: containers must not give the host routes by router advertisements (CVE-2020-13401) or redirects, and nobody else
 * has its addresses.
 */
function setBridgeSysctls(name: string, hasIpv6: boolean): void {
  const values = {
    'ipv4/accept_redirects': '0',
    'ipv6/accept_ra': '0',
    'ipv6/accept_redirects': '0',
    'ipv6/accept_dad': '0',
    'ipv6/disable_ipv6': hasIpv6 ? '0' : '1',
  };
  for (const [path, value] of Object.entries(values)) {
    const [family = '', sysctl = ''] = path.split('/');
    const file = `/proc/sys/net/${family}/conf/${name}/${sysctl}`;
    if (existsSync(file)) writeFileSync(file, value);
  }
}

/** Kinds of links that networks are made of. */
export type LinkKind = 'bridge' | 'veth' | 'macvlan' | 'ipvlan';

const problems = new Map<LinkKind, string>();

/** Why this kernel cannot make a link of this kind; empty if it can. Tried once, in a new network namespace. */
export function linkProblem(kind: LinkKind): string {
  const known = problems.get(kind);
  if (known !== undefined) return known;
  const problem = tryLink(kind);
  problems.set(kind, problem);
  return problem;
}

const configuration: Record<LinkKind, string> = {
  bridge: 'CONFIG_BRIDGE',
  veth: 'CONFIG_VETH',
  macvlan: 'CONFIG_MACVLAN',
  ipvlan: 'CONFIG_IPVLAN',
};

function tryLink(kind: LinkKind): string {
  try {
    const { refused } = decodeAnswers(netlink('new', encodeRequests([probeOf(kind)])));
    // Other refusals are of its fields, which are wrong.
    return refused?.errno === 'ENOTSUP' ? `this kernel has no ${kind} links (${configuration[kind]})` : '';
  } catch (error) {
    return `no network namespace can be made to try it in: ${(error as Error).message}`;
  }
}

function probeOf(kind: LinkKind): Request {
  const request = probeFor(kind);
  // The kernel would look at the namespace before the kind.
  const attributes = request.attributes?.filter(({ type }) => type !== linkAttribute.namespace) ?? [];
  return { ...request, attributes };
}

function probeFor(kind: LinkKind): Request {
  const [parent, name] = [1, 'probe'];
  switch (kind) {
    case 'bridge':
      return bridgeRequest({ name });
    case 'veth':
      return vethRequest({ name }, { name: 'probed' });
    case 'macvlan':
      return macvlanRequest(parent, 'bridge', { name });
    case 'ipvlan':
      return ipvlanRequest(parent, 'l2', { name });
  }
}
