import { existsSync } from 'node:fs';
import { asError } from '../../../../common/errors.ts';
import type { FirewallState } from '../../../kernel/network/firewall/state.ts';
import { livePhase } from '../../containers/model/phase.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { bridgeOf, hostEndOf } from '../model/network.ts';
import { aliasOf, bringUp, firewallNetwork } from './bring-up.ts';
import { firewallPolicies } from './egress.ts';
import { firewallPart } from './firewall-ports.ts';
import { announce } from './names.ts';
import { placeEnds } from './policing.ts';

/**
 * Makes the host agree with the records, after the containers of an earlier likerd were adopted: bridges whose containers run are there,
 * and links of ours that belong to nobody are not. What fails is logged: likerd serves all the same.
 */
export async function restoreNetworks(context: EngineContext): Promise<void> {
  const { network, log } = context;
  const { links, firewall } = network;
  if (links === null) return context.networks.nowRestored();
  const attempt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => log.error(what, { error: asError(error).message }));
  };
  for (const id of networksInUse(context))
    await attempt('a network of containers that run cannot be restored', () => bringUp(context, id));
  const state = firewallState(context);
  const own = await links.ownLinks(aliasOf(context.networks.tag, '')).catch(() => []);
  // Otherwise there is nothing, and the library need not be loaded.
  if (state.networks.length > 0 || own.length > 0)
    await attempt('the firewall of networks cannot be restored', async () => firewall?.rebuild(state));
  context.networks.nowRestored();
  for (const container of context.registry.all())
    await attempt('the interfaces of a container do not fit its egress policy', () =>
      placeEnds(context, container),
    );
  await attempt('the resolver of names cannot be started', async () => restoreNames(context));
  await attempt('connections that policies deny may go on', async () => firewall?.endDenied(null));
  await attempt('links of an earlier likerd cannot be removed', () => sweepLinks(context, links));
}

function networksInUse({ networks }: EngineContext): Set<string> {
  return new Set(networks.allEndpoints().map(({ networkId }) => networkId));
}

function firewallState(context: EngineContext): FirewallState {
  const { networks, registry } = context;
  const running = registry.all().filter(({ phase }) => livePhase(phase) !== null);
  const parts = running.map((container) => firewallPart(context, container));
  return {
    networks: [...networks.up.keys()].map((id) => firewallNetwork(networks.get(id))),
    ports: parts.flatMap(({ ports }) => ports),
    priorities: parts.flatMap(({ priorities }) => priorities),
    policies: running.flatMap((container) => firewallPolicies(context, container)),
  };
}

async function restoreNames(context: EngineContext): Promise<void> {
  const { networks, registry, network } = context;
  for (const container of registry.all()) {
    const endpoints = networks.endpointsOf(container.id);
    if (endpoints.length > 0) await announce(context, container, endpoints);
  }
  await network.resolver?.begin();
}

async function sweepLinks(
  context: EngineContext,
  links: NonNullable<EngineContext['network']['links']>,
): Promise<void> {
  const { networks, registry, log } = context;
  const wanted = new Set([
    ...[...networks.up.keys()].map((id) => bridgeOf(networks.get(id))),
    ...networks.allEndpoints().map(({ networkId, containerId }) => hostEndOf(networkId, containerId)),
    // Also those whose records were lost.
    ...registry
      .all()
      .filter(({ phase }) => livePhase(phase) !== null)
      .flatMap(({ id, spec }) =>
        spec.networks.flatMap(({ network }) => [hostEndOf(network, id), bridgeOf({ id: network })]),
      ),
  ]);
  for (const { name, alias } of await links.ownLinks(aliasOf(networks.tag, ''))) {
    // What holds the rate of lv… is li….
    if (wanted.has(name.replace(/^li/, 'lv')) || isLeftAlone(context, alias)) continue;
    log.info('removing a link that no container needs', { link: name, alias });
    await links.removeLink(name);
  }
}

/** A container without a record is running: the sweep of containers has left its run folder. */
function isLeftAlone(context: EngineContext, alias: string): boolean {
  const id = alias.slice(alias.lastIndexOf(':') + 1);
  return context.registry.byId(id) === null && existsSync(runFolderOf(context, id));
}
