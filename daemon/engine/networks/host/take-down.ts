import { asError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { bridgeOf, type Network } from '../model/network.ts';
import { firewallNetwork } from './bring-up.ts';

/** Takes away what a network that is gone has on the host. */
export async function takeDown({ network: kernel }: EngineContext, network: Network): Promise<void> {
  if (network.spec.driver !== 'bridge' || kernel.links === null) return;
  const name = bridgeOf(network);
  if ((await kernel.links.linkNamed(name)) === null) return;
  await kernel.firewall?.apply({ remove: { networks: [firewallNetwork(network)] } });
  await kernel.links.removeLink(name);
}

/** At likerd's orderly end: what networks have on the host that no container is on. What fails is logged, and left to the next likerd. */
export async function takeDownIdle(context: EngineContext): Promise<void> {
  for (const id of [...context.networks.up.keys()]) await takeDownIfIdle(context, id);
}

async function takeDownIfIdle(context: EngineContext, id: string): Promise<void> {
  const { networks, log } = context;
  // Whoever needs it meanwhile waits, and makes it again.
  using _place = await networks.bringingUp.enter();
  if (!networks.up.has(id) || networks.endpointsOn(id).length > 0) return;
  networks.up.delete(id);
  await takeDown(context, networks.get(id)).catch((error: unknown) =>
    log.error('a network that nobody uses cannot be taken down', { error: asError(error).message }),
  );
}

/** How long a network stays without containers: the next one that starts need not wait for it. */
const idleMs = 5 * 60_000;

/**
 * Takes the network down when nobody is on it after a while; what was said of it before is forgotten. For those who need it, from then on:
 * they are on it by then, or have failed.
 */
export function takeDownLater(context: EngineContext, id: string): void {
  const { idle } = context.networks;
  clearTimeout(idle.get(id));
  const timer = setTimeout(() => {
    idle.delete(id);
    void takeDownIfIdle(context, id);
  }, idleMs);
  idle.set(id, timer.unref());
}
