import { existsSync } from 'node:fs';
import { asError } from '../../../../common/errors.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { bridgeOf, hostEndOf } from '../model/network.ts';
import { aliasOf, bringUp } from './bring-up.ts';

/**
 * Makes the host agree with the records, after the containers of an earlier likerd were adopted: bridges whose containers run are there,
 * and links of ours that belong to nobody are not. What fails is logged: likerd serves all the same.
 */
export async function restoreNetworks(context: EngineContext): Promise<void> {
  const { network, log } = context;
  const { links } = network;
  if (links === null) return;
  const attempt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => log.error(what, { error: asError(error).message }));
  };
  for (const id of networksInUse(context))
    await attempt('a network of containers that run cannot be restored', () => bringUp(context, id));
  await attempt('links of an earlier likerd cannot be removed', () => sweepLinks(context, links));
}

function networksInUse({ networks }: EngineContext): Set<string> {
  return new Set(networks.allEndpoints().map(({ networkId }) => networkId));
}

async function sweepLinks(
  context: EngineContext,
  links: NonNullable<EngineContext['network']['links']>,
): Promise<void> {
  const { networks, log } = context;
  const wanted = new Set([
    ...[...networks.up.keys()].map((id) => bridgeOf(networks.get(id))),
    ...networks.allEndpoints().map(({ networkId, containerId }) => hostEndOf(networkId, containerId)),
  ]);
  for (const { name, alias } of await links.ownLinks(aliasOf(networks.tag, ''))) {
    if (wanted.has(name) || isLeftAlone(context, alias)) continue;
    log.warn('removing a link without a container', { link: name, alias });
    await links.removeLink(name);
  }
}

/** A container without a record is running: the sweep of containers has left its run folder. */
function isLeftAlone(context: EngineContext, alias: string): boolean {
  const id = alias.slice(alias.lastIndexOf(':') + 1);
  return context.registry.byId(id) === null && existsSync(runFolderOf(context, id));
}
