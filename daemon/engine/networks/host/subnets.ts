import { readFileSync } from 'node:fs';
import { parseSubnet } from '../../../../common/ip-address.ts';
import type { EngineContext } from '../../context.ts';
import type { LinkKernel } from '../../kernel.ts';
import { bridgeOf, hostEndOf, type Network, type NetworkSubnet } from '../model/network.ts';
import { chooseSubnet, type Obstacle, ownPool6, pools } from '../model/pools.ts';

/** Addresses that others use: routes of the host, but its default ones, and other networks. `self` is not in its own way. */
export async function obstaclesFor(
  { networks }: Pick<EngineContext, 'networks'>,
  links: LinkKernel,
  self: Network | null,
): Promise<Obstacle[]> {
  const own = networks.all().filter((network) => network !== self);
  const ends = networks.allEndpoints().map(({ networkId, containerId }) => hostEndOf(networkId, containerId));
  const ownLinks = new Set([...networks.all().map(bridgeOf), ...ends]);
  const routes = await links.hostRoutes();
  return [
    ...routes
      .filter(({ link }) => !ownLinks.has(link))
      .flatMap(({ destination, link }) => obstacle(destination, `the host's route through ${link}`)),
    ...own.flatMap(({ name, spec }) =>
      spec.subnets.flatMap(({ subnet }) => obstacle(subnet, `network '${name}'`)),
    ),
  ].filter(({ subnet }) => subnet.prefix > 0);
}

function obstacle(text: string, holder: string): Obstacle[] {
  const subnet = parseSubnet(text);
  return subnet === null ? [] : [{ subnet, holder }];
}

/** One for each family. Errors: SUBNET_IN_USE. */
export function chooseSubnets(ipv6: boolean, obstacles: readonly Obstacle[]): NetworkSubnet[] {
  const six = ipv6 ? [chooseSubnet([ownPool6(machineId())], obstacles)] : [];
  return [chooseSubnet(pools, obstacles), ...six];
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // A machine without one is not told from others without one.
    return '';
  }
}
