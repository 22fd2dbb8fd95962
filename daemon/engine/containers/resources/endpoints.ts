import { asError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { type Attachment, bringUp } from '../../networks/host/bring-up.ts';
import { rulesOf } from '../../networks/host/egress.ts';
import { linkEndpoints } from '../../networks/host/link-endpoint.ts';
import { announce } from '../../networks/host/names.ts';
import { mayBePoliced, police, unpolice } from '../../networks/host/policing.ts';
import { takeDownLater } from '../../networks/host/take-down.ts';
import { addressesOf, type Endpoint } from '../../networks/model/endpoint.ts';
import { hostEndOf } from '../../networks/model/network.ts';
import type { Container } from '../model/container.ts';
import { askedRates } from '../rules/network-rate.ts';
import { freeEnds, limitLinks } from './interface-rate.ts';
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
    await context.networks.whenRestored();
    const attachments: Attachment[] = [];
    for (const { network } of networks) {
      takeDownLater(context, network);
      attachments.push(await bringUp(context, network));
    }
    const made = context.networks.join(container.id, networks, {
      isAsked: keptAddresses(context, container),
      // Those before are of CNI.
      firstNumber: container.spec.cni.length,
      before: container.lastEndpoints,
    });
    // Its link of the last run had the name that the next one gets.
    await forgotten(context, [...made, ...container.lastEndpoints]);
    const { spec } = container;
    const links = linkEndpoints(
      made.map((endpoint, index) => ({ endpoint, attachment: attachments[index] as Attachment })),
      {
        tag: context.networks.tag,
        connections: networks,
        publishes: spec.ports.length > 0 || spec.publishAll,
        policed: rulesOf(context.networks, spec) !== null,
        hasRoutes: spec.cni.length > 0,
      },
    );
    const limited = await limitLinks(context, container.spec, links).catch(async (error: unknown) => {
      await leaveAll(context, container);
      throw error;
    });
    start.links = limited.links;
    start.applied.push(...limited.applied);
    start.pending.add(police(context, container, made));
    start.pending.add(announce(context, container, made));
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
    await letGo(context, container, endpoint);
    networks.leave(endpoint);
    takeDownLater(context, endpoint.networkId);
  }
}

/**
 * The address may be given to another container at once. Who gets it waits until the link is cut, so that the network namespace, which the kernel removes a
 * moment after its last process, does not answer for it any more, and until nothing remembers whose it was.
 */
export async function letGo(
  context: EngineContext,
  { id, spec }: Pick<Container, 'id' | 'spec'>,
  endpoint: Endpoint,
): Promise<void> {
  const { networks } = context;
  const { links } = context.network;
  const network = networks.get(endpoint.networkId);
  if (links === null || network.spec.driver !== 'bridge') return;
  const end = hostEndOf(network.id, id);
  const cut = links.cutLink(end);
  forget(context, endpoint, cut);
  const hasRates = askedRates(spec.resources.network).length > 0;
  if (!hasRates && !mayBePoliced(context, end)) return;
  await cut;
  await unpolice(context, endpoint);
  if (hasRates) await freeEnds(context, [end]);
}

const keyOf = (networkId: string, address: string): string => `${networkId} ${address}`;

/** In the background: the kernel waits until nobody uses the link, and goes through the whole table of connections. No end and no other start waits for that. */
function forget(context: EngineContext, endpoint: Endpoint, cut: Promise<void>): void {
  const { networks, log } = context;
  const addresses = addressesOf(endpoint);
  const keys = addresses.map((address) => keyOf(endpoint.networkId, address));
  const done = cut
    .then(() => forgetNow(context, endpoint))
    .catch((error: unknown) =>
      log.warn('connections of an address are remembered', {
        container: endpoint.containerId,
        addresses: addresses.join(' '),
        error: asError(error).message,
      }),
    )
    .finally(() => {
      for (const key of keys) if (networks.forgetting.get(key) === done) networks.forgetting.delete(key);
    });
  for (const key of keys) networks.forgetting.set(key, done);
}

async function forgetNow({ network: { links }, networks }: EngineContext, endpoint: Endpoint): Promise<void> {
  await links?.forgetAddresses(addressesOf(endpoint), networks.up.get(endpoint.networkId)?.index ?? 0);
}

/** Resolves once nothing is remembered of those who had the addresses before. */
export async function forgotten({ networks }: EngineContext, endpoints: readonly Endpoint[]): Promise<void> {
  for (const endpoint of endpoints)
    for (const address of addressesOf(endpoint))
      await networks.forgetting.get(keyOf(endpoint.networkId, address));
}
