import type { Container } from '../../containers/model/container.ts';
import type { EngineContext } from '../../context.ts';
import type { LinkEndpoint } from '../../kernel.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Network } from '../model/network.ts';
import { chooseSubnet, pools } from '../model/pools.ts';
import { rulesOf } from './egress.ts';
import { linkEndpoints } from './link-endpoint.ts';

/** Stands for what the kernel chooses. */
const unknown = { index: 0, mtu: 1500 };

/** The built-in network gets its subnets when it is first needed: the first of the pools, if nobody has it. */
function withSubnets(network: Network): Network {
  const { spec } = network;
  return spec.subnets.length > 0
    ? network
    : { ...network, spec: { ...spec, subnets: [chooseSubnet(pools, [])] } };
}

/** The interfaces that a container would have: with the addresses that it has now, or asked for. Others are chosen as it starts. */
export function previewLinks({ networks }: EngineContext, { id, spec }: Container): LinkEndpoint[] {
  const now = networks.endpointsOf(id);
  const placed = spec.networks.map((asked, number) => {
    const chosen: Endpoint = {
      containerId: id,
      networkId: asked.network,
      number,
      ipv4: asked.ipv4 || null,
      ipv6: asked.ipv6 || null,
      mac: asked.macAddress || '02:00:00:00:00:00',
    };
    const endpoint = now.find(({ networkId }) => networkId === asked.network) ?? chosen;
    return { endpoint, attachment: { network: withSubnets(networks.get(asked.network)), ...unknown } };
  });
  return linkEndpoints(placed, {
    tag: networks.tag,
    connections: spec.networks,
    policed: rulesOf(networks, spec) !== null,
  });
}
