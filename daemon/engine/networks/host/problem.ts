import { badArgument, LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { NetworkKernel } from '../../kernel.ts';
import type { NetworkDriver } from '../model/network.ts';

/** Why containers cannot be connected to networks of this kind here, and what to do; empty: they can. */
export function networkProblem(
  { network }: { readonly network: Pick<NetworkKernel, 'links' | 'firewall'> },
  driver: NetworkDriver = 'bridge',
): string {
  const { links } = network;
  if (links === null)
    return 'likerd runs without root, which may connect nothing to the host; leave --network out, for pasta, or use the likerd of root';
  if (driver !== 'bridge') return links.linkProblem(driver);
  return links.linkProblem('bridge') || links.linkProblem('veth') || (network.firewall?.problem() ?? '');
}

/** Throws NETWORK_UNAVAILABLE where there is one. `cannot` says what was tried. */
export function requireNetworks(
  context: Pick<EngineContext, 'network'>,
  cannot: string,
  driver: NetworkDriver = 'bridge',
): NonNullable<EngineContext['network']['links']> {
  const problem = networkProblem(context, driver);
  const { links } = context.network;
  if (problem === '' && links !== null) return links;
  throw new LikerError('NETWORK_UNAVAILABLE', `${cannot}: ${problem}`, { metadata: { driver } });
}

/** An egress policy where packets do not pass the host. */
export function cannotPolice(driver: NetworkDriver, field: string): LikerError {
  return badArgument(
    field,
    `Cannot enforce an egress policy on a network of driver ${driver}: its packets do not pass the host's firewall; use a network of driver bridge`,
  );
}
