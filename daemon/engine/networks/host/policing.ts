import { LikerError } from '../../../../common/errors.ts';
import type { Container } from '../../containers/model/container.ts';
import { livePhase } from '../../containers/model/phase.ts';
import type { ContainerSpec } from '../../containers/model/spec.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type Endpoint } from '../model/endpoint.ts';
import { bridgeOf, hostEndOf } from '../model/network.ts';
import { bringUp } from './bring-up.ts';
import { firewallPolicies, namePolicy, routedLinkOf, rulesOf } from './egress.ts';
import { linkEndpoints } from './link-endpoint.ts';

// Egress policies: what the firewall lets out of a container's interfaces, and that its packets come to the firewall.

type Policed = Pick<Container, 'id'> & { readonly spec: Pick<ContainerSpec, 'egress' | 'networks'> };

/** Before its interfaces on these places are made. */
export async function police(
  context: EngineContext,
  container: Policed,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const { links, firewall } = context.network;
  const policies = firewallPolicies(context, container, endpoints);
  if (policies.length === 0) return;
  if (links === null || firewall === null)
    throw new LikerError('NETWORK_UNAVAILABLE', 'Cannot enforce an egress policy: there is no firewall here');
  for (const { network } of policies) links.answerOnBridge(network.bridge);
  await firewall.apply({ add: { policies } });
}

/** Whether this link has a policy, as far as is known: at first nobody knows what an earlier likerd has left. */
export function mayBePoliced({ networks, network: { firewall } }: EngineContext, link: string): boolean {
  return firewall !== null && (!networks.restored || firewall.polices(link));
}

/** After the interface of this place is gone. */
export async function unpolice(context: EngineContext, endpoint: Endpoint): Promise<void> {
  const { networks } = context;
  const { links, firewall } = context.network;
  const link = hostEndOf(endpoint.networkId, endpoint.containerId);
  if (firewall === null || !mayBePoliced(context, link)) return;
  const bridge = await links?.linkNamed(bridgeOf(networks.get(endpoint.networkId)));
  if (bridge) await links?.forgetProxies(addressesOf(endpoint), bridge.index);
  if (networks.restored) await firewall.apply({ remove: { policies: [{ link }] } });
}

/**
 * Lets its policy hold for a container that runs, as it is now, whatever held before. Nothing passes between: a link is judged before it
 * leaves its bridge, and until it is there again.
 */
export async function policeLive(context: EngineContext, container: Container): Promise<void> {
  const { networks, network } = context;
  const endpoints = networks.endpointsOf(container.id);
  const policed = rulesOf(networks, container.spec) !== null;
  const ends = endpoints.map(({ networkId }) => hostEndOf(networkId, container.id));
  await network.resolver?.setPolicy(container.id, namePolicy(context, container));
  if (policed) await police(context, container, endpoints);
  await placeEnds(context, container);
  if (policed) await network.firewall?.endDenied(ends);
  else await network.firewall?.apply({ remove: { policies: ends.map((link) => ({ link })) } });
}

/** After its networks have changed, by whose policies another one may hold for it. `before`: its spec. */
export async function policeChanged(
  context: EngineContext,
  container: Container,
  before: ContainerSpec,
): Promise<void> {
  const rules = (spec: ContainerSpec): string => JSON.stringify(rulesOf(context.networks, spec));
  if (rules(before) !== rules(container.spec)) await policeLive(context, container);
}

/** The host's ends of a container that runs are ports of their bridges unless it has a policy. */
export async function placeEnds(context: EngineContext, container: Container): Promise<void> {
  const live = livePhase(container.phase);
  const { networks, network } = context;
  const { spec, id } = container;
  const policed = rulesOf(networks, spec) !== null;
  for (const endpoint of live === null ? [] : networks.endpointsOf(id)) {
    const end = await network.links?.linkNamed(hostEndOf(endpoint.networkId, id));
    // Those of other drivers have none.
    if (live === null || !end || policed === (end.master === 0)) continue;
    const attachment = await bringUp(context, endpoint.networkId);
    const [link] = linkEndpoints([{ endpoint, attachment }], {
      tag: networks.tag,
      connections: spec.networks,
      publishes: spec.ports.length > 0 || spec.publishAll,
      policed,
    });
    if (link) await network.links?.moveLive(live.main, link, routedLinkOf(attachment.network));
    await forgetByPeers(context, endpoint);
  }
}

/** The others of the network have its hardware address in mind, which is the host's for them, or not any more. */
async function forgetByPeers({ networks, registry, network }: EngineContext, moved: Endpoint): Promise<void> {
  for (const { containerId, number } of networks.endpointsOn(moved.networkId)) {
    const live = livePhase(registry.byId(containerId)?.phase ?? { state: 'created' });
    if (live === null || containerId === moved.containerId) continue;
    // One that has ended meanwhile has nothing in mind.
    await network.links?.forgetPeer(live.main, number, addressesOf(moved)).catch(() => {});
  }
}
