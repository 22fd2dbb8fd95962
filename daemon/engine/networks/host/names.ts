import { shortId } from '../../../../common/ids.ts';
import type { Container } from '../../containers/model/container.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type Endpoint } from '../model/endpoint.ts';
import type { Network } from '../model/network.ts';
import { namePolicy } from './egress.ts';

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
  container: Pick<Container, 'id' | 'spec' | 'cni'>,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const { networks, network } = context;
  const { resolver } = network;
  if (resolver === null) return;
  const named = endpoints.map((endpoint) => {
    const on = networks.get(endpoint.networkId);
    const names = namesOn(on, container);
    const [plain = ''] = names;
    return resolver.setNames(endpoint.networkId, container.id, {
      // Its addresses are those of the first, as Docker has it.
      names: [`${plain}.${on.name.toLowerCase()}`, ...names],
      addresses: addressesOf(endpoint),
    });
  });
  const seen = networks.endpointsOf(container.id).map(({ networkId }) => networkId);
  const view = { networks: seen, upstreams: upstreamsOf(context, container, seen) };
  const policed = resolver.setPolicy(container.id, namePolicy(context, container));
  await Promise.all([...named, policed, resolver.setContainer(container.id, view)]);
}

/** Questions would leave an internal network with the resolver, which asks from the host: there nothing else has a name. */
function upstreamsOf(
  { networks }: EngineContext,
  { spec, cni }: Pick<Container, 'spec' | 'cni'>,
  seen: readonly string[],
): readonly string[] | null {
  const ofCni = cni?.connections.flatMap(({ dns }) => dns.nameservers) ?? [];
  if (ofCni.length > 0 && spec.dns.length === 0) return ofCni;
  if (seen.length > 0 && spec.cni.length === 0 && seen.every((id) => networks.get(id).spec.internal))
    return [];
  return spec.dns.length > 0 ? spec.dns : null;
}
