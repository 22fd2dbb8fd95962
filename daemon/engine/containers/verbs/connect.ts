import { badArgument } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { bringUp } from '../../networks/host/bring-up.ts';
import { rulesOf } from '../../networks/host/egress.ts';
import { firewallPart } from '../../networks/host/firewall-ports.ts';
import { gatewaysOf, linkEndpoints } from '../../networks/host/link-endpoint.ts';
import { announce } from '../../networks/host/names.ts';
import { police, policeChanged } from '../../networks/host/policing.ts';
import { takeDownLater } from '../../networks/host/take-down.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase, wrongState } from '../model/phase.ts';
import { type ContainerSpec, cniPrefix, type NetworkConnection, shareText } from '../model/spec.ts';
import { forgotten, letGo } from '../resources/endpoints.ts';
import { limitLinks } from '../resources/interface-rate.ts';
import { keptAddresses } from '../resources/kept-addresses.ts';
import { changeFirewall } from '../resources/network-priority.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { requirePolicing } from '../rules/egress.ts';
import { checkConnection } from '../rules/networks.ts';
import { beginNames } from './begin-names.ts';

/** Connects a container with a network: at once if it runs, and at each of its starts. If it fails, the container is as before. */
export function connectNetwork(
  context: EngineContext,
  container: Container,
  asked: NetworkConnection,
): Promise<void> {
  return inTurn(context, container, async () => {
    checkConnection(asked, 'connection');
    requireOwnNetwork(container);
    requireNetwork(container, asked.network);
    const network = context.networks.find(asked.network);
    const connection = { ...asked, network: network.id };
    const { spec } = container;
    if (spec.networks.some((one) => one.network === network.id))
      throw badArgument(
        'connection.network',
        `Container '${container.name}' has network '${network.name}' already`,
      );
    const next = { ...spec, networks: [...spec.networks, connection] };
    requirePolicing(context, next, 'connection.network');
    const before = firewallPart(context, container);
    const undo = await connectNow(context, container, { connection, next });
    try {
      context.ledger.decide(container, { spec: next });
    } catch (error) {
      await undo();
      throw error;
    }
    if (livePhase(container.phase)) {
      await policeChanged(context, container, spec);
      await moveRoutes(context, container);
      await changeFirewall(context, before, firewallPart(context, container));
      writeRunRecord(context, container);
    }
  });
}

/** Does nothing if it does not run. `next`: its spec with the connection, whose names are told. Answers what takes it back. */
async function connectNow(
  context: EngineContext,
  container: Container,
  { connection, next }: { readonly connection: NetworkConnection; readonly next: ContainerSpec },
): Promise<() => Promise<void>> {
  const live = livePhase(container.phase);
  const { networks, network } = context;
  if (live === null) return async () => {};
  takeDownLater(context, connection.network);
  const attachment = await bringUp(context, connection.network);
  const [endpoint] = networks.join(container.id, [connection], {
    isAsked: keptAddresses(context, container),
    firstNumber: container.spec.cni.length,
    before: [],
  });
  if (!endpoint) return async () => {};
  const undo = async (): Promise<void> => {
    await network.links?.disconnectLive(live.main, endpoint.number);
    await letGo(context, container, endpoint);
    networks.leave(endpoint);
    await network.resolver?.setNames(endpoint.networkId, container.id, null);
    await announce(context, container, []);
  };
  try {
    const made = linkEndpoints([{ endpoint, attachment }], {
      tag: networks.tag,
      connections: [connection],
      policed: rulesOf(networks, next) !== null,
    });
    const [link] = (await limitLinks(context, container.spec, made)).links;
    await forgotten(context, [endpoint]);
    await police(context, { id: container.id, spec: next }, [endpoint]);
    if (link) await network.links?.connectLive(live.main, { ...link, gateways: [] });
    await announce(context, { id: container.id, spec: next, cni: container.cni }, [endpoint]);
    if (container.spec.networks.length === 0) await beginNames(context, container, next, live.main);
  } catch (error) {
    await undo();
    throw error;
  }
  return undo;
}

/** Not the words of --network that stand for none. */
function requireNetwork({ name }: Container, network: string): void {
  if (network.startsWith(cniPrefix))
    throw badArgument(
      'connection.network',
      `Cannot connect container '${name}' to '${network}': plugins of CNI connect a container as it starts (--network ${network})`,
    );
  if (network !== 'host' && network !== 'none') return;
  throw badArgument(
    'connection.network',
    `Cannot connect container '${name}' to '${network}': it is no network, but what a container is made with (--network ${network})`,
  );
}

/** A container whose network is another's, or none, has nothing that could be connected. */
export function requireOwnNetwork(container: Container): void {
  const { network } = container.spec.namespaces;
  if (network.kind === 'private' && !network.alone) return;
  const why = `it was made with --network ${shareText(network)}; make it again with a network`;
  throw wrongState('connect', container, why, 'connect');
}

/** The default routes go through the networks that it has now. */
export async function moveRoutes(context: EngineContext, container: Container): Promise<void> {
  const live = livePhase(container.phase);
  // Plugins of CNI have made the default routes of a container that they connect.
  if (live === null || container.spec.cni.length > 0) return;
  const { networks, network } = context;
  const now = networks.endpointsOf(container.id).map(({ networkId }) => networks.get(networkId));
  const gateways = [...gatewaysOf(now, container.spec.networks).values()].flat();
  await network.links?.setDefaultRoutes(live.main, gateways);
}
