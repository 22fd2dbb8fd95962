import { shortId } from '../../../../common/ids.ts';
import type { Container } from '../../containers/model/container.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type Endpoint } from '../model/endpoint.ts';
import type { Network } from '../model/network.ts';

/** What the others on a network find a container by, in lower case: each name alone, and with the network's name behind it. */
export function namesOn(
  { name, id }: Pick<Network, 'name' | 'id'>,
  container: Pick<Container, 'id' | 'spec'>,
): string[] {
  const { spec } = container;
  const aliases = spec.networks.find(({ network }) => network === id)?.aliases ?? [];
  const plain = [spec.name, ...aliases, shortId(container.id), spec.hostname]
    .filter((text) => text !== '')
    .map((text) => text.toLowerCase().replace(/\.+$/, ''));
  const unique = [...new Set(plain)];
  return [...unique, ...unique.map((text) => `${text}.${name.toLowerCase()}`)];
}

/** Makes it known to the others on these networks, and the others to it. Without a resolver nobody has names. */
export async function announce(
  context: EngineContext,
  container: Pick<Container, 'id' | 'spec'>,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const { networks, network } = context;
  const { resolver } = network;
  if (resolver === null) return;
  for (const endpoint of endpoints) {
    const names = namesOn(networks.get(endpoint.networkId), container);
    await resolver.setNames(endpoint.networkId, container.id, { names, addresses: addressesOf(endpoint) });
  }
  const { dns } = container.spec;
  await resolver.setContainer(container.id, {
    networks: networks.endpointsOf(container.id).map(({ networkId }) => networkId),
    upstreams: dns.length > 0 ? dns : null,
  });
}
