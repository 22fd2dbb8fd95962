import type { EgressRule } from '../../../../common/egress.ts';
import { badArgument } from '../../../../common/errors.ts';
import type { FirewallPolicy } from '../../../kernel/network/firewall/state.ts';
import type { NamePolicy } from '../../../kernel/network/resolver.ts';
import type { RoutedLink } from '../../../kernel/network/routed-link.ts';
import type { ContainerSpec } from '../../containers/model/spec.ts';
import type { EngineContext } from '../../context.ts';
import { type EgressPolicy, restrictionOf } from '../model/egress.ts';
import { addressesOf } from '../model/endpoint.ts';
import { bridgeOf, hostEndOf, type Network } from '../model/network.ts';
import type { Networks } from '../model/networks.ts';
import { firewallNetwork } from './bring-up.ts';

type Connected = Pick<ContainerSpec, 'egress' | 'networks'>;
export type KnownNetworks = Pick<Networks, 'byId'>;

/**
 * What holds for all interfaces of a container: its own policy, or that of its networks. A network without a policy is no way round that of
 * another. Null: there is none.
 */
export function egressOf(networks: KnownNetworks, spec: Connected): EgressPolicy | null {
  if (spec.egress !== null) return spec.egress;
  const [first, other] = differing(networks, spec);
  if (other) return { mode: 'none', rules: [] };
  return first?.spec.egress ?? null;
}

/** Networks of different policies; one, where all that have a policy have the same. */
function differing(networks: KnownNetworks, spec: Connected): Network[] {
  const theirs = spec.networks
    .flatMap(({ network }) => networks.byId(network) ?? [])
    .filter((network) => network.spec.egress !== null);
  return [...new Map(theirs.map((network) => [JSON.stringify(network.spec.egress), network])).values()];
}

/** Throws BAD_ARGUMENT for networks whose policies differ, where the container has none of its own. */
export function requireOnePolicy(networks: KnownNetworks, spec: Connected, field: string): void {
  const [first, other] = spec.egress === null ? differing(networks, spec) : [];
  if (!first || !other) return;
  throw badArgument(
    field,
    `Cannot connect a container to the networks '${first.name}' and '${other.name}': their egress policies differ; give it one of its own with --egress`,
  );
}

/** Null: nothing is restricted. */
export function rulesOf(networks: KnownNetworks, spec: Connected): readonly EgressRule[] | null {
  return restrictionOf(egressOf(networks, spec));
}

export function routedLinkOf(network: Network): RoutedLink {
  return {
    bridge: bridgeOf(network),
    gateways: network.spec.subnets.map(({ gateway }) => gateway).filter((gateway) => gateway !== ''),
    subnets: network.spec.subnets.map(({ subnet }) => subnet),
  };
}

/** What the firewall lets out of a container by its places on networks; none if nothing is restricted. */
export function firewallPolicies(
  { networks }: Pick<EngineContext, 'networks'>,
  { id, spec }: { readonly id: string; readonly spec: Connected },
  endpoints = networks.endpointsOf(id),
): FirewallPolicy[] {
  const rules = rulesOf(networks, spec);
  if (rules === null) return [];
  return endpoints.map((endpoint) => ({
    link: hostEndOf(endpoint.networkId, id),
    network: firewallNetwork(networks.get(endpoint.networkId)),
    addresses: addressesOf(endpoint),
    allowed: rules.flatMap((rule) => (rule.kind === 'subnet' ? [rule] : [])),
  }));
}

/** What the resolver answers to it; null: everything. */
export function namePolicy(
  { networks }: Pick<EngineContext, 'networks'>,
  { id, spec }: { readonly id: string; readonly spec: Connected },
): NamePolicy | null {
  const rules = rulesOf(networks, spec);
  return (
    rules && {
      interfaces: networks.endpointsOf(id).map(({ networkId }) => hostEndOf(networkId, id)),
      rules: rules.flatMap((rule) =>
        rule.kind === 'name' ? [{ ...rule, ports: rule.ports === null ? [] : [rule.ports] }] : [],
      ),
    }
  );
}
