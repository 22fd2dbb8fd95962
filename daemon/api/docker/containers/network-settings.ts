import { addressRecord, endpointRecord } from '../../../../common/docker-records.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
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
    ...addressRecord(view.endpoints[0]),
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
