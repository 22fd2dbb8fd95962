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
  const { networks, log } = context;
  for (const id of [...networks.up.keys()]) {
    if (networks.endpointsOn(id).length > 0) continue;
    networks.up.delete(id);
    await takeDown(context, networks.get(id)).catch((error: unknown) =>
      log.error('a network that nobody uses cannot be taken down', { error: asError(error).message }),
    );
  }
}
