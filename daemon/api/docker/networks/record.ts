import type { NetworkView } from '../../../engine/networks/api.ts';
import { timeText } from '../format/time.ts';

export function networkRecord(network: NetworkView): object {
  return {
    Name: network.name,
    Id: network.id,
    Created: timeText(network.createdAt),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.ipv6,
    IPAM: { Driver: 'default', Options: {}, Config: network.subnets.map(subnetRecord) },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(network.endpoints.map((one) => [one.containerId, endpointRecord(one)])),
    Options: network.options,
    Labels: network.labels,
  };
}

function subnetRecord({ subnet, gateway, ipRange, auxAddresses }: NetworkView['subnets'][number]): object {
  return {
    Subnet: subnet,
    ...(ipRange !== '' && { IPRange: ipRange }),
    ...(gateway !== '' && { Gateway: gateway }),
    ...(Object.keys(auxAddresses).length > 0 && { AuxiliaryAddresses: auxAddresses }),
  };
}

function endpointRecord(endpoint: NetworkView['endpoints'][number]): object {
  return {
    Name: endpoint.containerName,
    EndpointID: endpoint.containerId,
    MacAddress: endpoint.macAddress,
    IPv4Address: endpoint.ipv4,
    IPv6Address: endpoint.ipv6,
  };
}
