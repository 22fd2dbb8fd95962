import type { Network } from '../../proto/gen/types/liker/v1/Network.ts';
import type { NetworkEndpoint } from '../../proto/gen/types/liker/v1/NetworkEndpoint.ts';
import type { NetworkSubnet } from '../../proto/gen/types/liker/v1/NetworkSubnet.ts';
import { egressText } from './egress.ts';
import { sortedMap } from './sorted-map.ts';
import { rfc3339 } from './timestamp.ts';

/** A network with Docker's fields, followed by Liker's own. */
export function networkRecord(network: Network): object {
  return {
    Name: network.name,
    Id: network.id,
    Created: rfc3339(network.createdAt),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.ipv6,
    IPAM: { Driver: 'default', Options: sortedMap({}), Config: network.subnets.map(subnetRecord) },
    Internal: network.internal,
    // Every container may be connected: in Docker this is of networks of a swarm.
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: sortedMap(
      Object.fromEntries(
        network.endpoints.map((endpoint) => [endpoint.containerId, endpointRecord(endpoint)]),
      ),
    ),
    Options: sortedMap(network.options),
    Labels: sortedMap(network.labels),
    Interface: network.interface,
    Egress: egressText(network.egress),
    ContainerIds: network.containerIds,
  };
}

function subnetRecord({ subnet, gateway, ipRange, auxAddresses }: NetworkSubnet): object {
  return {
    Subnet: subnet,
    ...(ipRange !== '' && { IPRange: ipRange }),
    Gateway: gateway,
    ...(Object.keys(auxAddresses).length > 0 && { AuxiliaryAddresses: sortedMap(auxAddresses) }),
  };
}

function endpointRecord({ containerName, containerId, ipv4, ipv6, macAddress }: NetworkEndpoint): object {
  return {
    Name: containerName,
    EndpointID: containerId,
    MacAddress: macAddress,
    IPv4Address: ipv4,
    IPv6Address: ipv6,
  };
}
