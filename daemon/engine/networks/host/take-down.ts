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
