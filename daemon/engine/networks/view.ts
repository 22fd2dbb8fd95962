import { parseSubnet } from '../../../common/ip-address.ts';
import type { Container } from '../containers/model/container.ts';
import type { EngineContext } from '../context.ts';
import type { NetworkView } from './api.ts';
import { subnetOf } from './model/addresses.ts';
import { bridgeOf, builtinId, type Network } from './model/network.ts';

/** The containers that have a network, whether they run or not, newest first. */
export function usersOf({ registry }: Pick<EngineContext, 'registry'>, { id }: Network): Container[] {
  return registry.all().filter(({ spec }) => spec.networks.some(({ network }) => network === id));
}

export function networkView(
  context: Pick<EngineContext, 'networks' | 'registry'>,
  network: Network,
): NetworkView {
  const { networks, registry } = context;
  const { id, name, spec, createdAt, leaseId } = network;
  const builtin = networks.isBuiltin(network);
  const withPrefix = (address: string | null, family: 4 | 6): string =>
    address === null ? '' : `${address}/${parseSubnet(subnetOf(spec.subnets, family)?.subnet ?? '')?.prefix}`;
  const endpoints = networks.endpointsOn(id).map((endpoint) => ({
    containerId: endpoint.containerId,
    containerName: registry.byId(endpoint.containerId)?.name ?? '',
    ipv4: withPrefix(endpoint.ipv4, 4),
    ipv6: withPrefix(endpoint.ipv6, 6),
    macAddress: endpoint.mac,
  }));
  return {
    id,
    name,
    createdAt: builtin && spec.subnets.length === 0 ? null : createdAt,
    ...spec,
    leaseId,
    builtin,
    interface: spec.driver === 'bridge' ? bridgeOf(network) : (spec.options['parent'] ?? ''),
    endpoints: endpoints.sort((a, b) => (a.containerName < b.containerName ? -1 : 1)),
    containerIds: usersOf(context, network).map((container) => container.id),
  };
}

/** The networks that are words of --network, as Docker lists them. They have no record. */
export function wordViews({
  networks,
  registry,
}: Pick<EngineContext, 'networks' | 'registry'>): NetworkView[] {
  const withNetwork = (fits: (container: Container) => boolean): string[] =>
    registry
      .all()
      .filter(fits)
      .map(({ id }) => id);
  const word = (name: string, driver: string, containerIds: readonly string[]): NetworkView => ({
    id: builtinId(name, networks.tag),
    name,
    driver,
    containerIds,
    ...{ createdAt: null, internal: false, ipv6: false, subnets: [], options: {}, labels: {} },
    ...{ egress: null, leaseId: '' },
    ...{ builtin: true, interface: '', endpoints: [] },
  });
  return [
    word(
      'host',
      'host',
      withNetwork(({ spec }) => spec.namespaces.network.kind === 'host'),
    ),
    word(
      'none',
      'null',
      withNetwork(
        ({ spec, facts }) =>
          spec.namespaces.network.kind === 'private' &&
          spec.networks.length === 0 &&
          spec.cni.length === 0 &&
          facts.networkProgram === '',
      ),
    ),
  ];
}
