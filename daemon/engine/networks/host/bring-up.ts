import { asError, LikerError } from '../../../../common/errors.ts';
import { parseSubnet } from '../../../../common/ip-address.ts';
import type { FirewallNetwork } from '../../../kernel/network/firewall/state.ts';
import type { EngineContext } from '../../context.ts';
import type { LinkKernel } from '../../kernel.ts';
import { bridgeOf, type Network } from '../model/network.ts';
import { type Obstacle, requireFreeSubnets } from '../model/pools.ts';
import { requireNetworks } from './problem.ts';
import { chooseSubnets, obstaclesFor } from './subnets.ts';

/** What containers are attached to on the host. */
export interface Attachment {
  readonly network: Network;
  /** Of the bridge, or of the parent. */
  readonly index: number;
  readonly mtu: number;
}

/**
 * Makes what a network has on the host, or completes what is there: cheap where all is there. Errors: NETWORK_NOT_FOUND,
 * NETWORK_UNAVAILABLE, SUBNET_IN_USE.
 */
export async function bringUp(context: EngineContext, id: string): Promise<Attachment> {
  const { networks } = context;
  const { name, spec } = networks.get(id);
  const links = requireNetworks(context, `Cannot connect to network '${name}'`, spec.driver);
  if (networks.up.has(id)) return attach(context, links, networks.get(id));
  using _place = await networks.bringingUp.enter();
  return attach(context, links, await withSubnets(context, links, networks.get(id)));
}

/** The built-in network has no subnets until somebody needs it. Those that it was given may be in the way of others when nobody does. */
async function withSubnets(context: EngineContext, links: LinkKernel, network: Network): Promise<Network> {
  const { networks } = context;
  if (networks.up.has(network.id)) return network;
  const obstacles = await obstaclesFor(context, links, network);
  const isFixed = !networks.isBuiltin(network) || networks.endpointsOn(network.id).length > 0;
  const inTheWay = isInTheWay(network, obstacles);
  if (isFixed && inTheWay) throw inTheWay;
  if (isFixed || (network.spec.subnets.length > 0 && !inTheWay)) return network;
  if (inTheWay) context.log.warn('the network bridge gets other addresses', { error: inTheWay });
  const ipv6 = links.hasIpv6();
  return networks.define({ ...network.spec, ipv6, subnets: chooseSubnets(ipv6, obstacles) });
}

function isInTheWay({ spec }: Network, obstacles: readonly Obstacle[]): Error | null {
  if (spec.driver !== 'bridge') return null;
  try {
    requireFreeSubnets(spec.subnets, obstacles);
    return null;
  } catch (error) {
    return asError(error);
  }
}

async function attach(context: EngineContext, links: LinkKernel, network: Network): Promise<Attachment> {
  const { networks } = context;
  const { id, spec } = network;
  if (spec.driver !== 'bridge') return attachToParent(links, network);
  const mtu = networks.up.get(id)?.mtu ?? mtuOf(network) ?? (await links.uplinkMtu());
  const index = await links.ensureBridge({
    name: bridgeOf(network),
    alias: aliasOf(networks.tag, id),
    mtu,
    addresses: spec.subnets.flatMap(({ subnet, gateway }) => {
      const parsed = parseSubnet(subnet);
      return parsed && gateway !== '' ? [{ address: gateway, prefix: parsed.prefix }] : [];
    }),
  });
  // Before that, all of it is rebuilt soon.
  if (!networks.up.has(id) && networks.restored)
    await context.network.firewall?.apply({ add: { networks: [firewallNetwork(network)] } });
  networks.up.set(id, { mtu, index });
  return { network, index, mtu };
}

/** Networks of macvlan and ipvlan have nothing of their own on the host. */
async function attachToParent(links: LinkKernel, network: Network): Promise<Attachment> {
  const { name, spec } = network;
  const parent = spec.options['parent'] ?? '';
  const link = await links.linkNamed(parent);
  if (link) return { network, index: link.index, mtu: mtuOf(network) ?? link.mtu };
  throw new LikerError(
    'NETWORK_UNAVAILABLE',
    `Cannot connect to network '${name}': its parent '${parent}' is no interface of the host; 'ip link' lists them`,
    { metadata: { network: network.id, parent } },
  );
}

/** As the firewall knows it. */
export function firewallNetwork(network: Network): FirewallNetwork {
  const { internal, subnets } = network.spec;
  return {
    bridge: bridgeOf(network),
    subnets: subnets.map(({ subnet }) => subnet),
    internal,
    masquerade: !internal,
  };
}

/** By which the next daemon knows a link as its own. */
export function aliasOf(tag: string, id: string): string {
  return `liker:${tag}:${id}`;
}

function mtuOf({ spec }: Network): number | null {
  const text = spec.options['com.docker.network.driver.mtu'] ?? spec.options['mtu'];
  return text === undefined ? null : Number(text);
}
