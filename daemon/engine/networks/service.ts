import { badArgument, hasReason, type LikerError } from '../../../common/errors.ts';
import { parseTimestamp } from '../../../common/units.ts';
import { connectNetwork } from '../containers/verbs/connect.ts';
import { disconnectNetwork } from '../containers/verbs/disconnect.ts';
import { containerView } from '../containers/view.ts';
import type { EngineContext } from '../context.ts';
import { type Filter, hasLabel, matcher, truth } from '../filter.ts';
import { requestKey, resultOf } from '../journal/requests.ts';
import type { NetworkService, NetworkView } from './api.ts';
import { createNetwork } from './create.ts';
import type { Network } from './model/network.ts';
import { removeNetwork } from './remove.ts';
import { networkView, usersOf, wordViews } from './view.ts';

export function networkService(context: EngineContext): NetworkService {
  const { networks, registry, journal } = context;
  const view = (network: Network): NetworkView => networkView(context, network);
  const wordNamed = (reference: string): NetworkView | undefined =>
    wordViews(context).find(({ name, id }) => name === reference || id === reference);
  return {
    create: async (asked) => view(await createNetwork(context, asked)),

    get: (reference) => wordNamed(reference) ?? view(networks.find(reference)),

    list: (filters) =>
      [...networks.all().map(view), ...wordViews(context)]
        .filter(networkFilter(filters))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),

    async remove(reference, { force, requestId = '' }) {
      const request = requestKey(requestId, 'remove network', reference, force);
      const removed = resultOf(journal, request);
      if (removed !== null) return removed;
      const word = wordNamed(reference);
      if (word) throw builtinStays(word);
      const network = force ? found(() => networks.find(reference)) : networks.find(reference);
      if (network === null) return '';
      if (networks.isBuiltin(network)) throw builtinStays(network);
      await removeNetwork(context, network, request);
      return network.id;
    },

    async prune(filters) {
      const fits = pruneFilter(filters);
      const names: string[] = [];
      for (const network of networks.all()) {
        if (networks.isBuiltin(network) || !fits(view(network)) || usersOf(context, network).length > 0)
          continue;
        await removeNetwork(context, network);
        names.push(network.name);
      }
      return names;
    },

    async connect(reference, connection) {
      const container = registry.find(reference);
      await connectNetwork(context, container, connection);
      return containerView(context, container);
    },

    async disconnect(reference, network, { force }) {
      const container = force ? found(() => registry.find(reference)) : registry.find(reference);
      if (container === null) return null;
      await disconnectNetwork(context, container, network, { force });
      return containerView(context, container);
    },
  };
}

/** Null: there is none. */
function found<T>(find: () => T): T | null {
  try {
    return find();
  } catch (error) {
    if (hasReason(error, 'NETWORK_NOT_FOUND') || hasReason(error, 'CONTAINER_NOT_FOUND')) return null;
    throw error;
  }
}

function builtinStays({ name }: Pick<Network, 'name'>): LikerError {
  return badArgument('network', `Cannot remove network '${name}': it is built in`);
}

const labelTests = {
  label: (value: string) => (network: NetworkView) => hasLabel(network.labels, value),
  'label!': (value: string) => (network: NetworkView) => !hasLabel(network.labels, value),
};

function networkFilter(filters: readonly Filter[]): (network: NetworkView) => boolean {
  return matcher<NetworkView>(filters, {
    ...labelTests,
    name: (value) => (network) => network.name.includes(value),
    id: (value) => (network) => network.id.startsWith(value),
    driver: (value) => (network) => network.driver === value,
    type: (value) => {
      if (value !== 'builtin' && value !== 'custom')
        throw badArgument('filters', `Invalid filter type=${value}: use builtin or custom`);
      return ({ builtin }) => builtin === (value === 'builtin');
    },
    scope: (value) => () => value === 'local',
    dangling: (value) => {
      const wanted = truth('dangling', value);
      return ({ builtin, containerIds }) => (!builtin && containerIds.length === 0) === wanted;
    },
  });
}

function pruneFilter(filters: readonly Filter[]): (network: NetworkView) => boolean {
  return matcher<NetworkView>(filters, {
    ...labelTests,
    until: (value) => {
      const ns = parseTimestamp(value, 'filters');
      return ({ createdAt }) => createdAt !== null && BigInt(createdAt) * 1_000_000n < ns;
    },
  });
}
