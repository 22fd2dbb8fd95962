// Interfaces of containers that run are made routed links, and ports of their bridges again.
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { ask, refusedBy, tryAsking } from './ask.ts';
import { type Endpoint, interfaceName, type NamespaceOwner, OpenNamespace } from './endpoint.ts';
import { linkNamed } from './links.ts';
import { forgetNeighbours } from './neighbours.ts';
import type { Request } from './netlink.ts';
import { hasIpv6, pairsOf, type RoutedLink, routedRequests, routesInside } from './routed-link.ts';
import { linkRouteRequest, loopbackRouteRequest, peerRequest, proxyRequest } from './routed-requests.ts';
import { getLinkRequest, hairpinPortRequest, linksOf, setLinkRequest } from './rtnetlink.ts';

/** Before the first routed link of a network: the host answers for it at once, and also for addresses of IPv6. */
export function answerOnBridge(bridge: string): void {
  const values = {
    [`ipv4/neigh/${bridge}/proxy_delay`]: '0',
    [`ipv6/neigh/${bridge}/proxy_delay`]: '0',
    [`ipv6/conf/${bridge}/proxy_ndp`]: '1',
  };
  for (const [path, value] of Object.entries(values)) {
    const file = `/proc/sys/net/${path}`;
    if (existsSync(file)) writeFileSync(file, value);
  }
}

/**
 * Takes the interface of a container that runs out of its bridge, or puts it there again: as the endpoint has it. `routed`: what leads to it
 * when it is not a port of the bridge. Asked for again, it completes what is there. Throws SYSCALL.
 */
export async function moveLive(
  process: NamespaceOwner,
  endpoint: Endpoint,
  routed: RoutedLink,
): Promise<void> {
  const { link } = endpoint;
  const end = link.kind === 'bridge' ? await linkNamed(link.name) : null;
  if (link.kind !== 'bridge' || end === null) return;
  if (link.routed) await takeOut(endpoint, link, end.index);
  else await putIn(endpoint, link, { index: end.index, routed });
  await changeInside(process, endpoint, { kind: link.routed ? 'new' : 'delete', routed });
}

type BridgeLink = Extract<Endpoint['link'], { kind: 'bridge' }>;

async function takeOut({ addresses }: Endpoint, link: BridgeLink, index: number): Promise<void> {
  if (!link.routed) return;
  answerOnBridge(link.routed.bridge);
  await ask('own', `take the interface '${link.name}' out of its bridge`, [
    setLinkRequest({ master: 0 }, { index }),
    ...routedRequests(addresses, link, link.routed, index).map(({ request }) => request),
  ]);
}

async function putIn(
  { addresses }: Endpoint,
  link: BridgeLink,
  { index, routed }: { readonly index: number; readonly routed: RoutedLink },
): Promise<void> {
  const pairs = pairsOf(addresses, routed);
  await removeAll([
    ...pairs.map(({ peer }) => proxyRequest('delete', peer, link.index)),
    ...pairs.map((pair) => peerRequest('delete', pair, index)),
    ...(hasIpv6(pairs) ? [loopbackRouteRequest('delete', index)] : []),
  ]);
  // Not the bridge's any more.
  const mac = `02:${randomBytes(5).toString('hex').match(/../g)?.join(':')}`;
  await ask('own', `make the interface '${link.name}' a port of its bridge`, [
    setLinkRequest({ mac, master: link.index }, { index }),
    link.hairpin ? hairpinPortRequest(link.name) : setLinkRequest({}, { index, isUp: true }),
    getLinkRequest({ index }),
  ]);
}

/** The host does not answer on the bridge with this index for these addresses any more. */
export async function forgetProxies(addresses: readonly string[], bridge: number): Promise<void> {
  await removeAll(addresses.map((address) => proxyRequest('delete', address, bridge)));
}

/** What is not there need not be removed. */
async function removeAll(requests: readonly Request[]): Promise<void> {
  for (const request of requests) {
    const { refused } = await tryAsking('own', [request]);
    if (refused !== null && !['ENOENT', 'ESRCH', 'EADDRNOTAVAIL', 'ENODEV'].includes(refused.errno))
      throw refusedBy('remove what leads to a routed link', refused);
  }
}

async function changeInside(
  process: NamespaceOwner,
  { number, addresses }: Endpoint,
  { kind, routed }: { readonly kind: 'new' | 'delete'; readonly routed: RoutedLink },
): Promise<void> {
  using namespace = new OpenNamespace(process);
  const name = interfaceName({ number });
  const { answers } = await tryAsking(namespace.fd, [getLinkRequest({ name })]);
  const [inner] = linksOf(answers);
  // Root inside may have changed its interface and its routes, by which it has lost its way and nothing else.
  if (!inner) return;
  for (const route of routesInside(addresses, routed))
    await tryAsking(namespace.fd, [linkRouteRequest(kind, route, inner.index)]);
  await forgetNeighbours(namespace.fd, inner.index);
}

/** A container on the same network does not send to where these addresses were any more. */
export async function forgetPeer(
  process: NamespaceOwner,
  number: number,
  addresses: readonly string[],
): Promise<void> {
  using namespace = new OpenNamespace(process);
  const { answers } = await tryAsking(namespace.fd, [getLinkRequest({ name: interfaceName({ number }) })]);
  const [inner] = linksOf(answers);
  if (inner) await forgetNeighbours(namespace.fd, inner.index, addresses);
}
