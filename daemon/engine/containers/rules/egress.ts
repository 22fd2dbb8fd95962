import { badArgument } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { requireOnePolicy, rulesOf } from '../../networks/host/egress.ts';
import { cannotPolice, requireNetworks } from '../../networks/host/problem.ts';
import { checkEgress, restrictionOf } from '../../networks/model/egress.ts';
import { type ContainerSpec, shareText } from '../model/spec.ts';
import { isConnected } from './connection.ts';

/** A policy belongs to interfaces of the container's own. Throws BAD_ARGUMENT. */
export function checkEgressOf(
  { egress, namespaces: { network } }: Pick<ContainerSpec, 'egress' | 'namespaces'>,
  field: string,
): void {
  checkEgress(egress, field);
  const rules = restrictionOf(egress);
  if (rules === null || (network.kind === 'private' && !network.alone)) return;
  // That is what it has then.
  if (network.kind === 'private' && rules.length === 0) return;
  const why = {
    private: 'it has none (none)',
    host: "it has the host's (host)",
    container: `it uses that of another container (${shareText(network)}); set it there`,
    path: `it uses one that was made elsewhere (${shareText(network)})`,
  }[network.kind];
  throw badArgument(field, `Cannot set egress of a container without a network of its own: ${why}`);
}

/** Throws BAD_ARGUMENT where the container's policy could not be enforced on one of its networks, which are named by their ids. */
export function requirePolicing(
  context: Pick<EngineContext, 'networks' | 'network'>,
  spec: Pick<ContainerSpec, 'egress' | 'networks' | 'namespaces' | 'cni'>,
  field = 'spec.egress',
): void {
  const { networks } = context;
  requireOnePolicy(networks, spec, field);
  if (rulesOf(networks, spec) === null) return;
  // Pasta would connect it, past the host's firewall.
  if (isConnected(context, spec)) requireNetworks(context, 'Cannot enforce an egress policy');
  if (spec.cni.length > 0)
    throw badArgument(
      field,
      `Cannot enforce an egress policy on the CNI network '${spec.cni[0]?.network}': its plugins make the interface; leave one of both out`,
    );
  const drivers = spec.networks.map(({ network }) => networks.get(network).spec.driver);
  const other = drivers.find((driver) => driver !== 'bridge');
  if (other !== undefined) throw cannotPolice(other, field);
}
