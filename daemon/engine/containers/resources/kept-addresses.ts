import { networkInterfaces } from 'node:os';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';

/** Tells which addresses of a network a container does not get by chance: those that another asks for by name, and the host's own. */
export function keptAddresses(
  { registry, networks }: EngineContext,
  container: Pick<Container, 'id'>,
): (networkId: string, address: string) => boolean {
  return (networkId, address) => {
    const { parent } = networks.get(networkId).spec.options;
    // The containers on such a network are beside the host.
    const ofHost = parent === undefined ? [] : (networkInterfaces()[parent] ?? []);
    if (ofHost.some((one) => one.address === address)) return true;
    return registry
      .all()
      .some(
        ({ id, spec }) =>
          id !== container.id &&
          spec.networks.some(
            ({ network, ipv4, ipv6 }) => network === networkId && (ipv4 === address || ipv6 === address),
          ),
      );
  };
}
