import { badArgument } from '../../../common/errors.ts';
import type { NetworkInput } from '../../../proto/gen/types/liker/v1/Network.ts';
import type { NetworkServiceHandlers } from '../../../proto/gen/types/liker/v1/NetworkService.ts';
import type { NetworkService, NetworkView } from '../../engine/networks/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { formatContainer } from './format/container.ts';
import { formatEgress } from './format/egress.ts';
import { timestampOfMs } from './format/time.ts';
import { parseEgress } from './parse/egress.ts';
import { parseFilters, parseTarget } from './parse/requests.ts';
import { noNul, plain, required } from './parse/text.ts';

export function networkService(context: ApiContext, networks: NetworkService): NetworkServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    CreateNetwork: changes(async (request) => {
      noNul(JSON.stringify(request), 'network');
      const { name, driver, internal, ipv6, subnets, options, labels, leaseId, requestId } = request;
      const egress = parseEgress(request.egress, 'egress');
      const common = { name: required(name, 'name'), driver, internal, options, labels, egress };
      const asked = { ...common, leaseId, requestId };
      return {
        network: formatNetwork(
          await networks.create({ ...asked, ipv6: ipv6 ?? null, subnets: subnets.map(plain) }),
        ),
      };
    }),
    GetNetwork: reads(async ({ network }) => ({
      network: formatNetwork(networks.get(required(network, 'network'))),
    })),
    ListNetworks: reads(async ({ filters }) => ({
      networks: networks.list(parseFilters(filters)).map(formatNetwork),
    })),
    RemoveNetwork: changes(async ({ network, force, requestId }) => ({
      id: await networks.remove(required(network, 'network'), { force, requestId }),
    })),
    PruneNetworks: changes(async ({ filters }) => ({
      names: [...(await networks.prune(parseFilters(filters)))],
    })),
    ConnectNetwork: changes(async (request) => {
      if (request.connection === null) throw badArgument('connection', 'Missing connection');
      const connection = plain(request.connection);
      required(connection.network, 'connection.network');
      return { container: formatContainer(await networks.connect(parseTarget(request), connection)) };
    }),
    DisconnectNetwork: changes(async (request) => {
      const { force } = request;
      const network = required(request.network, 'network');
      const view = await networks.disconnect(parseTarget(request), network, { force });
      return view === null ? {} : { container: formatContainer(view) };
    }),
  };
}

function formatNetwork({
  createdAt,
  subnets,
  endpoints,
  containerIds,
  egress,
  ...network
}: NetworkView): NetworkInput {
  return {
    ...network,
    ...(createdAt !== null && { createdAt: timestampOfMs(createdAt) }),
    subnets: [...subnets],
    endpoints: [...endpoints],
    containerIds: [...containerIds],
    egress: formatEgress(egress),
  };
}
