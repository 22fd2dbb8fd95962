import type { EngineContext } from '../../context.ts';
import { type Attachment, bringUp } from '../../networks/host/bring-up.ts';
import { linkEndpoints } from '../../networks/host/link-endpoint.ts';
import { announce } from '../../networks/host/names.ts';
import { addressesOf, type Endpoint } from '../../networks/model/endpoint.ts';
import { bridgeOf, hostEndOf } from '../../networks/model/network.ts';
import type { Container } from '../model/container.ts';
import { keptAddresses } from './kept-addresses.ts';
import type { RunResource } from './run-resource.ts';

/**
 * The container's places on networks: its addresses, and what leads there on the host. Its interfaces are made by its shim, and go with its
 * network namespace.
 */
export const endpoints: RunResource = {
  async acquire(context, start) {
    const { container } = start;
    const { networks } = container.spec;
    if (networks.length === 0) return;
    const attachments: Attachment[] = [];
    for (const { network } of networks) attachments.push(await bringUp(context, network));
    const made = context.networks.join(container.id, networks, {
      isAsked: keptAddresses(context, container),
      before: container.lastEndpoints,
    });
    try {
      await announce(context, container, made);
    } catch (error) {
      await leaveAll(context, container);
      throw error;
    }
    start.links = linkEndpoints(
      context.networks.tag,
      made.map((endpoint, index) => ({ endpoint, attachment: attachments[index] as Attachment })),
      networks,
      container.spec.ports.length > 0 || container.spec.publishAll,
    );
  },

  release: leaveAll,
};

async function leaveAll(context: EngineContext, container: Container): Promise<void> {
  const { network, networks } = context;
  const { id } = container;
  const endpoints = networks.endpointsOf(id);
  if (endpoints.length === 0) return;
  container.lastEndpoints = endpoints;
  network.resolver?.remove(id);
  for (const endpoint of endpoints) {
    await letGo(context, endpoint);
    networks.leave(endpoint);
  }
}

/**
 * The address may be given to another container at once: the network namespace, which the kernel removes a moment after its last process, does
 * not answer for it any more, and nothing remembers whose it was.
 */
async function letGo({ network: { links }, networks }: EngineContext, endpoint: Endpoint): Promise<void> {
  const network = networks.get(endpoint.networkId);
  if (links === null || network.spec.driver !== 'bridge') return;
  await links.cutLink(hostEndOf(network.id, endpoint.containerId));
  const bridge = await links.linkNamed(bridgeOf(network));
  await links.forgetAddresses(addressesOf(endpoint), bridge?.index ?? 0);
}
