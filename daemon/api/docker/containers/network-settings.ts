import type { ContainerView, EndpointView } from '../../../engine/containers/api.ts';
import { livePhase } from '../../../engine/containers/model/phase.ts';
import { shareText } from '../../../engine/containers/model/spec.ts';
import { boundPorts } from './ports.ts';

/** Docker's word for how a container is connected: its first network, or what stands in the place of one. */
export function networkMode({ spec, endpoints, networkProgram }: ContainerView): string {
  return shareText(spec.namespaces.network) || endpoints[0]?.networkName || networkProgram || 'none';
}

/** The addresses of the first network also stand at the top, where older clients look for them. */
export function networkSettings(view: ContainerView): Record<string, unknown> {
  const live = livePhase(view.phase);
  return {
    Bridge: '',
    SandboxID: live ? view.id : '',
    SandboxKey: live ? `/proc/${live.main.pid}/ns/net` : '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    Ports: boundPorts(view),
    EndpointID: view.endpoints[0]?.interface ? view.id : '',
    ...addresses(view.endpoints[0]),
    Networks: networksOf(view),
  };
}

/** By name. What is no network, such as host, has an entry, too. */
export function networksOf(view: ContainerView): Record<string, object> {
  const mode = networkMode(view);
  if (view.endpoints.length > 0)
    return Object.fromEntries(view.endpoints.map((one) => [one.networkName, endpointRecord(one, view.id)]));
  return mode.includes(':') ? {} : { [mode]: endpointRecord(undefined, view.id) };
}

function addresses(endpoint: EndpointView | undefined) {
  return {
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.ipv4Prefix ?? 0,
    Gateway: endpoint?.ipv4Gateway ?? '',
    MacAddress: endpoint?.macAddress ?? '',
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6Prefix ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
  };
}

function endpointRecord(endpoint: EndpointView | undefined, id: string): object {
  const asked = {
    ...(endpoint?.askedIpv4 && { IPv4Address: endpoint.askedIpv4 }),
    ...(endpoint?.askedIpv6 && { IPv6Address: endpoint.askedIpv6 }),
  };
  return {
    IPAMConfig: Object.keys(asked).length > 0 ? asked : null,
    Links: null,
    Aliases: endpoint?.aliases ?? [],
    DriverOpts: null,
    GwPriority: endpoint?.gwPriority ?? 0,
    NetworkID: endpoint?.networkId ?? '',
    // A container is at most once in a network.
    EndpointID: endpoint?.interface ? id : '',
    ...addresses(endpoint),
    DNSNames: endpoint?.names ?? [],
  };
}
