// Interfaces of containers that have an egress policy. The host's end is not a port of the bridge but a link of its own, so that every packet passes the
// host's firewall and no frame gets to another container; the host answers for the container on the bridge. Nothing of it depends on what is inside.
import { addressFamily, familyOf, type InterfaceAddress } from './address.ts';
import { bridgeMac } from './links.ts';
import {
  halvesOf,
  linkRouteRequest,
  loopbackRouteRequest,
  openToLoopbackRequest,
  peerRequest,
  proxyRequest,
} from './routed-requests.ts';
import { newAddressRequest, setLinkRequest } from './rtnetlink.ts';
import type { Wanted } from './wanted.ts';

/** What a routed link leads to. */
export interface RoutedLink {
  /** Name of the network's bridge. */
  readonly bridge: string;
  /** Addresses of the host in the network, at most one of each family. */
  readonly gateways: readonly string[];
  /** Of the network. */
  readonly subnets: readonly string[];
}

interface End {
  readonly name: string;
  readonly alias: string;
  /** Of the bridge. */
  readonly index: number;
}

/**
 * Makes a link routed, the host's end of an interface with these addresses. `own`: its index, if it is there already. Asked for again, they
 * complete what is there.
 */
export function routedRequests(
  addresses: readonly InterfaceAddress[],
  { name, alias, index }: End,
  routed: RoutedLink,
  own = 0,
): Wanted[] {
  const pairs = pairsOf(addresses, routed);
  return [
    { words: `alias of ${name}`, request: setLinkRequest({ name, alias, withoutOwnAddresses: true }) },
    // The bridge's, to which its container may have sent so far.
    { words: name, request: setLinkRequest({ name, mac: bridgeMac(routed.bridge) }, { isUp: true }) },
    { words: `loopback from ${name}`, request: openToLoopbackRequest(name) },
    ...pairs.map((pair) => ({
      words: `${pair.local} peer ${pair.peer} on ${name}`,
      link: name,
      request: peerRequest('new', pair, own),
    })),
    ...(hasIpv6(pairs)
      ? [
          {
            words: `${linkLocal.address} on ${name}`,
            link: name,
            request: newAddressRequest(linkLocal, own),
          },
          { words: `::1 from ${name}`, link: name, request: loopbackRouteRequest('new', own) },
        ]
      : []),
    ...pairs.map(({ peer }) => ({
      words: `${peer} on ${routed.bridge}`,
      request: proxyRequest('new', peer, index),
    })),
  ];
}

/** The host asks from it for its neighbour, where it forwards. */
const linkLocal = { address: 'fe80::1', prefix: 64 };

/** Of each family, the host's address and the container's. */
export function pairsOf(
  addresses: readonly InterfaceAddress[],
  { gateways }: RoutedLink,
): { readonly local: string; readonly peer: string }[] {
  return addresses.flatMap(({ address: peer }) => {
    const local = gateways.find((gateway) => familyOf(gateway) === familyOf(peer));
    return local === undefined ? [] : [{ local, peer }];
  });
}

export function hasIpv6(pairs: ReturnType<typeof pairsOf>): boolean {
  return pairs.some(({ local }) => familyOf(local) === addressFamily.v6);
}

/** Inside: the others of the network are reached through the host. */
export function routesInside(
  addresses: readonly InterfaceAddress[],
  routed: RoutedLink,
): { readonly destination: string; readonly gateway: string }[] {
  return pairsOf(addresses, routed).flatMap(({ local: gateway }) => {
    const halves = routed.subnets
      .filter((subnet) => subnet.includes(':') === gateway.includes(':'))
      .flatMap(halvesOf);
    return [
      { destination: `${gateway}/${gateway.includes(':') ? 128 : 32}`, gateway: '' },
      ...halves.map((destination) => ({ destination, gateway })),
    ];
  });
}

/** Likewise, of an interface that is made. */
export function insideRequests(
  name: string,
  addresses: readonly InterfaceAddress[],
  routed: RoutedLink,
): Wanted[] {
  return routesInside(addresses, routed).map((route) => ({
    words: `route to ${route.destination}`,
    inside: true,
    link: name,
    request: linkRouteRequest('new', route),
  }));
}
