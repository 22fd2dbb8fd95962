import { isIP } from 'node:net';
import { type Family, parseAddress } from '../../../../common/ip-address.ts';
import type {
  FirewallPort,
  FirewallPriority,
  FirewallState,
} from '../../../kernel/network/firewall/state.ts';
import type { Container } from '../../containers/model/container.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type Endpoint } from '../model/endpoint.ts';
import { gatewaysOf } from './link-endpoint.ts';

/** The addresses that a container's ports lead to: of each family that on the network with the default route, if it is a bridge. */
export function publishedTo(
  { networks }: Pick<EngineContext, 'networks'>,
  { spec }: Pick<Container, 'spec'>,
  endpoints: readonly Endpoint[],
): Map<Family, string> {
  const bridges = endpoints
    .map(({ networkId }) => networks.get(networkId))
    .filter((one) => one.spec.driver === 'bridge');
  const ways = gatewaysOf(bridges, spec.networks);
  const found = new Map<Family, string>();
  for (const { networkId, ipv4, ipv6 } of endpoints) {
    const families = (ways.get(networkId) ?? []).map((gateway) => parseAddress(gateway)?.family);
    if (ipv4 !== null && families.includes(4)) found.set(4, ipv4);
    if (ipv6 !== null && families.includes(6)) found.set(6, ipv6);
  }
  return found;
}

/** What the firewall knows of a container that runs. */
export type FirewallPart = Pick<FirewallState, 'ports' | 'priorities'>;

export function firewallPart(
  context: Pick<EngineContext, 'networks'>,
  container: Pick<Container, 'id' | 'spec' | 'facts'>,
): FirewallPart {
  const endpoints = context.networks.endpointsOf(container.id);
  return {
    ports: firewallPorts(context, container, endpoints),
    priorities: firewallPriorities(context, container),
  };
}

/** What its packets are marked with on the host, where they would otherwise lose the priority of its sockets. */
export function firewallPriorities(
  { networks }: Pick<EngineContext, 'networks'>,
  { id, spec }: Pick<Container, 'id' | 'spec'>,
): FirewallPriority[] {
  const { priority } = spec.resources.network;
  if (!priority) return [];
  return networks
    .endpointsOf(id)
    .filter(({ networkId }) => networks.get(networkId).spec.driver === 'bridge')
    .flatMap(addressesOf)
    .map((address) => ({ address, priority }));
}

/** The container's ports, as they were chosen, with the addresses that they lead to. */
export function firewallPorts(
  context: Pick<EngineContext, 'networks'>,
  container: Pick<Container, 'spec' | 'facts'>,
  endpoints: readonly Endpoint[],
): FirewallPort[] {
  // They lead through the networks of CNI, by their plugins.
  if (container.spec.cni.length > 0) return [];
  const addresses = publishedTo(context, container, endpoints);
  return container.facts.ports.flatMap(({ hostAddress, hostPort, length, protocol, containerPort }) => {
    const address = addresses.get(isIP(hostAddress) as Family);
    return address === undefined ? [] : [{ protocol, hostAddress, hostPort, length, address, containerPort }];
  });
}
