import { badArgument } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { firewallPart } from '../../networks/host/firewall-ports.ts';
import { announce } from '../../networks/host/names.ts';
import { policeChanged } from '../../networks/host/policing.ts';
import { takeDownLater } from '../../networks/host/take-down.ts';
import type { Endpoint } from '../../networks/model/endpoint.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { letGo } from '../resources/endpoints.ts';
import { changeFirewall } from '../resources/network-priority.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { moveRoutes } from './connect.ts';

/** Takes a container off a network: at once if it runs, and from its next start on. `force`: it need not have it. */
export function disconnectNetwork(
  context: EngineContext,
  container: Container,
  reference: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  return inTurn(context, container, async () => {
    const network = context.networks.find(reference);
    const { spec } = container;
    const networks = spec.networks.filter((one) => one.network !== network.id);
    if (networks.length === spec.networks.length) {
      if (force) return;
      throw badArgument('network', `Container '${container.name}' does not have network '${network.name}'`);
    }
    const before = firewallPart(context, container);
    // First: what an interface has that the spec has not, the next likerd takes away.
    context.ledger.decide(container, { spec: { ...spec, networks } });
    const endpoint = context.networks
      .endpointsOf(container.id)
      .find(({ networkId }) => networkId === network.id);
    if (endpoint) await dropEndpoint(context, container, endpoint);
    if (livePhase(container.phase) === null) return;
    await policeChanged(context, container, spec);
    await changeFirewall(context, before, firewallPart(context, container));
    writeRunRecord(context, container);
  });
}

/** Takes the interface of a container that runs away, and with it its addresses. */
export async function dropEndpoint(
  context: EngineContext,
  container: Container,
  endpoint: Endpoint,
): Promise<void> {
  const live = livePhase(container.phase);
  if (live) await context.network.links?.disconnectLive(live.main, endpoint.number);
  await letGo(context, container, endpoint);
  await context.network.resolver?.setNames(endpoint.networkId, container.id, null);
  context.networks.leave(endpoint);
  takeDownLater(context, endpoint.networkId);
  await announce(context, container, []);
  await moveRoutes(context, container);
}
