import { parseAddress, parseSubnet } from '../../../common/ip-address.ts';
import type { CniAddress } from '../../kernel/cni/result.ts';
import type { EngineContext } from '../context.ts';
import { namesOn } from '../networks/host/names.ts';
import { subnetOf } from '../networks/model/addresses.ts';
import type { EndpointView } from './api.ts';
import type { Container } from './model/container.ts';
import { cniPrefix } from './model/spec.ts';

/** The networks of a container, with what it has on them while it runs. */
export function endpointViews(
  context: Pick<EngineContext, 'networks'>,
  container: Pick<Container, 'id' | 'spec' | 'cni'>,
): EndpointView[] {
  return [...ownViews(context, container), ...cniViews(container)];
}

/** Of networks of CNI, as their plugins tell. */
function cniViews({ spec, cni }: Pick<Container, 'spec' | 'cni'>): EndpointView[] {
  return spec.cni.map((asked, index) => {
    const connection = cni?.connections[index];
    const of = (family: 4 | 6): CniAddress =>
      connection?.addresses.find(({ address }) => parseAddress(address)?.family === family) ?? noAddress;
    const [four, six] = [of(4), of(6)];
    return {
      ...{ networkId: cniPrefix + asked.network, networkName: cniPrefix + asked.network },
      interface: (connection && cni?.record.attachments[index]?.interfaceName) ?? '',
      ...{ ipv4: four.address, ipv4Prefix: four.prefix, ipv4Gateway: four.gateway },
      ...{ ipv6: six.address, ipv6Prefix: six.prefix, ipv6Gateway: six.gateway },
      macAddress: connection?.mac || asked.macAddress,
      ...{ aliases: asked.aliases, names: [], gwPriority: 0, askedIpv4: asked.ipv4, askedIpv6: asked.ipv6 },
    };
  });
}

const noAddress: CniAddress = { address: '', prefix: 0, gateway: '' };

function ownViews(
  { networks }: Pick<EngineContext, 'networks'>,
  container: Pick<Container, 'id' | 'spec'>,
): EndpointView[] {
  const now = networks.endpointsOf(container.id);
  return container.spec.networks.map((asked) => {
    const network = networks.byId(asked.network);
    const endpoint = now.find(({ networkId }) => networkId === asked.network);
    const of = (family: 4 | 6) => {
      const address = (family === 4 ? endpoint?.ipv4 : endpoint?.ipv6) ?? '';
      const subnet = address === '' ? null : subnetOf(network?.spec.subnets ?? [], family);
      return {
        address,
        prefix: parseSubnet(subnet?.subnet ?? '')?.prefix ?? 0,
        gateway: network?.spec.internal ? '' : (subnet?.gateway ?? ''),
      };
    };
    const [four, six] = [of(4), of(6)];
    return {
      networkId: asked.network,
      networkName: network?.name ?? '',
      interface: endpoint ? `eth${endpoint.number}` : '',
      ipv4: four.address,
      ipv4Prefix: four.prefix,
      ipv4Gateway: four.gateway,
      ipv6: six.address,
      ipv6Prefix: six.prefix,
      ipv6Gateway: six.gateway,
      macAddress: endpoint?.mac ?? asked.macAddress,
      aliases: asked.aliases,
      names: endpoint && network ? namesOn(network, container) : [],
      gwPriority: asked.gwPriority,
      askedIpv4: asked.ipv4,
      askedIpv6: asked.ipv6,
    };
  });
}
