import type { EngineContext } from '../../context.ts';
import { type Attachment, bringUp } from '../../networks/host/bring-up.ts';
import { linkEndpoints } from '../../networks/host/link-endpoint.ts';
import { announce } from '../../networks/host/names.ts';
import { hostEndOf } from '../../networks/model/network.ts';
import type { Container } from '../model/container.ts';
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
      isAsked: (network, address) => isAskedByOther(context, container, network, address),
      before: container.lastEndpoints,
    });
    try {
      await announce(context, container, made);
    } catch (error) {
      leaveAll(context, container);
      throw error;
    }
    container.lastEndpoints = made;
    await removeLastLinks(context, container);
    start.links = linkEndpoints(
      context.networks.tag,
      made.map((endpoint, index) => ({ endpoint, attachment: attachments[index] as Attachment })),
      networks,
    );
  },

  release: leaveAll,
};

function leaveAll({ network, networks }: EngineContext, { id }: Pick<Container, 'id'>): void {
  const endpoints = networks.endpointsOf(id);
  if (endpoints.length === 0) return;
  network.resolver?.remove(id);
  for (const endpoint of endpoints) networks.leave(endpoint);
}

/** Those of the last run go with its network namespace, which the kernel removes a moment after its last process. */
async function removeLastLinks({ network }: EngineContext, { id, spec, facts }: Container): Promise<void> {
  if (facts.finishedAt === null) return;
  for (const { network: networkId } of spec.networks)
    await network.links?.removeLink(hostEndOf(networkId, id));
}

/** Another container asks for the address by name, whether it runs or not. */
export function isAskedByOther(
  { registry }: EngineContext,
  container: Pick<Container, 'id'>,
  network: string,
  address: string,
): boolean {
  return registry
    .all()
    .some(
      (other) =>
        other.id !== container.id &&
        other.spec.networks.some(
          (one) => one.network === network && (one.ipv4 === address || one.ipv6 === address),
        ),
    );
}
