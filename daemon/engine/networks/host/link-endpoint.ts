import { parseSubnet } from '../../../../common/ip-address.ts';
import type { NetworkConnection } from '../../containers/model/spec.ts';
import type { LinkEndpoint } from '../../kernel.ts';
import { subnetOf } from '../model/addresses.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { hostEndOf, ipvlanMode, macvlanMode, type Network } from '../model/network.ts';
import type { Attachment } from './bring-up.ts';
import { aliasOf } from './bring-up.ts';
import { routedLinkOf } from './egress.ts';

/** An endpoint with what it is attached to. */
export interface Placed {
  readonly endpoint: Endpoint;
  readonly attachment: Attachment;
}

/** How the interfaces of a container are made. */
export interface Linking {
  readonly tag: string;
  readonly connections: readonly NetworkConnection[];
  readonly publishes?: boolean;
  /** It has an egress policy. */
  readonly policed?: boolean;
  /** Plugins of CNI make its default routes. */
  readonly hasRoutes?: boolean;
}

/** The interfaces of a container, as they are made. One of them for each family has the default route. */
export function linkEndpoints(
  placed: readonly Placed[],
  { tag, connections, publishes = false, policed = false, hasRoutes = false }: Linking,
): LinkEndpoint[] {
  const gateways = gatewaysOf(
    placed.map(({ attachment }) => attachment.network),
    connections,
  );
  return placed.map(({ endpoint, attachment: { network, index, mtu } }) => ({
    number: endpoint.number,
    mac: endpoint.mac,
    mtu,
    addresses: prefixed(endpoint, network),
    gateways: hasRoutes ? [] : (gateways.get(network.id) ?? []),
    link: linkOf(tag, endpoint, { network, index }, { hairpin: publishes, policed }),
  }));
}

function linkOf(
  tag: string,
  { containerId }: Endpoint,
  { network, index }: Pick<Attachment, 'network' | 'index'>,
  { hairpin, policed }: { readonly hairpin: boolean; readonly policed: boolean },
): LinkEndpoint['link'] {
  const { driver, options } = network.spec;
  if (driver === 'macvlan') return { kind: driver, parent: index, mode: macvlanMode(options) };
  if (driver === 'ipvlan') return { kind: driver, parent: index, mode: ipvlanMode(options) };
  const name = hostEndOf(network.id, containerId);
  const routed = policed ? routedLinkOf(network) : null;
  return { kind: 'bridge', index, name, alias: aliasOf(tag, containerId), hairpin, routed };
}

function prefixed({ ipv4, ipv6 }: Endpoint, { spec }: Network): { address: string; prefix: number }[] {
  return ([4, 6] as const).flatMap((family) => {
    const address = family === 4 ? ipv4 : ipv6;
    const prefix = parseSubnet(subnetOf(spec.subnets, family)?.subnet ?? '')?.prefix;
    return address === null || prefix === undefined ? [] : [{ address, prefix }];
  });
}

/**
 * The default gateways, by the network that they are of: for each family that of the greatest priority, and among equals that of the first
 * network that has a way out.
 */
export function gatewaysOf(
  networks: readonly Network[],
  connections: readonly NetworkConnection[],
): Map<string, string[]> {
  const priorityOf = ({ id }: Network): number =>
    connections.find(({ network }) => network === id)?.gwPriority ?? 0;
  const found = new Map<string, string[]>();
  for (const family of [4, 6] as const) {
    const ways = networks.flatMap((network) => {
      const gateway = network.spec.internal ? '' : (subnetOf(network.spec.subnets, family)?.gateway ?? '');
      return gateway === '' ? [] : [{ network, gateway }];
    });
    const [best] = ways.toSorted((a, b) => priorityOf(b.network) - priorityOf(a.network));
    if (best) found.set(best.network.id, [...(found.get(best.network.id) ?? []), best.gateway]);
  }
  return found;
}
