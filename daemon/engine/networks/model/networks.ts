import { asError, LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';
import { type Family, formatAddress, parseAddress } from '../../../../common/ip-address.ts';
import type { Log } from '../../../host/log.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import type { Store } from '../../../store/store.ts';
import type { EndpointRow } from '../../../store/tables/endpoint.ts';
import type { NetworkRow } from '../../../store/tables/network.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Requested, RequestKey } from '../../journal/requests.ts';
import { Addresses, subnetOf } from './addresses.ts';
import { addressesOf, type Endpoint, fromEndpointRow, macOf } from './endpoint.ts';
import {
  bridge,
  builtinId,
  fromNetworkRow,
  type Network,
  type NetworkSpec,
  networkEvent,
  newNetworkId,
  toNetworkRow,
} from './network.ts';

/** A connection that a container asks for. */
export interface Asked {
  /** Id. */
  readonly network: string;
  /** Empty: any; likewise below. */
  readonly ipv4: string;
  readonly ipv6: string;
  readonly macAddress: string;
}

export interface Joining {
  /** Whether a container asks for this address on the network by name: no other gets it by chance. */
  readonly isAsked: (networkId: string, address: string) => boolean;
  /** The least N of ethN. */
  readonly firstNumber: number;
  /** What it had in its last run. It gets that again if it is free. */
  readonly before: readonly Endpoint[];
}

/** The networks, and who is on them. A network is a row; what it has on the host is made when a container needs it. */
export class Networks {
  /** Of the daemon: by this its links are known. */
  readonly tag: string;
  /** Networks whose bridge this daemon has made or found, by id. `index`: of the bridge. */
  readonly up = new Map<string, { readonly mtu: number; readonly index: number }>();
  /** Addresses that the kernel is made to forget, by network and address: who gets one waits for that. */
  readonly forgetting = new Map<string, Promise<void>>();
  #restored = false;
  readonly #whole = Promise.withResolvers<void>();
  /** Timers of networks that will be taken down if nobody is on them by then. */
  readonly idle = new Map<string, NodeJS.Timeout>();
  /** One at a time, since each must see the routes of the others. */
  readonly bringingUp = new Semaphore(1);
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #log: Log;
  readonly #byId = new Map<string, Network>();
  readonly #addresses = new Map<string, ReadonlyMap<Family, Addresses>>();
  readonly #byContainer = new Map<string, readonly Endpoint[]>();

  constructor(journal: Journal, store: Store, log: Log, tag: string) {
    this.#journal = journal;
    this.#store = store;
    this.#log = log;
    this.tag = tag;
    const spec = {
      driver: 'bridge',
      internal: false,
      ipv6: false,
      subnets: [],
      options: {},
      labels: {},
      egress: null,
    } as const;
    this.#add({ id: builtinId(bridge, tag), name: bridge, createdAt: Date.now(), spec, leaseId: '' });
  }

  /** What the host has agrees with the records. Until then nothing of it is changed by itself. */
  get restored(): boolean {
    return this.#restored;
  }

  /** Resolves when `restored`. What is made before would not be part of what is restored. */
  whenRestored(): Promise<void> {
    return this.#whole.promise;
  }

  nowRestored(): void {
    this.#restored = true;
    this.#whole.resolve();
  }

  /** Reads the records. */
  adopt(): void {
    for (const row of this.#store.networks.all()) {
      const network = this.#readRow(row.id, () => fromNetworkRow(row));
      // Whatever its row says: no container could ask for it by another name.
      if (network) this.#add(this.isBuiltin(network) ? { ...network, name: bridge } : network);
    }
    for (const row of this.#store.endpoints.all()) {
      const forget = () => this.#store.endpoints.delete(row.containerId, row.networkId);
      try {
        const endpoint = fromEndpointRow(row);
        if (!this.#byId.has(endpoint.networkId)) this.#journal.record({ write: forget });
        else this.#hold(endpoint);
      } catch (error) {
        const fields = { container: row.containerId, error: asError(error).message };
        this.#log.error('the record of an address cannot be read', fields);
        this.#journal.record({ write: forget });
      }
    }
  }

  /** Takes what was known of a container's networks when the database was lost. What is in the way of other records is left out. */
  recover({
    networks,
    endpoints,
  }: {
    readonly networks: readonly NetworkRow[];
    readonly endpoints: readonly EndpointRow[];
  }): void {
    for (const row of networks) {
      const network = this.#readRow(row.id, () => fromNetworkRow(row));
      const known = network && this.byId(network.id);
      if (!network || (known ? known.spec.subnets.length > 0 : this.byName(network.name))) continue;
      this.#insert(network);
    }
    for (const row of endpoints) {
      const endpoint = fromEndpointRow(row);
      const isTaken = this.endpointsOn(endpoint.networkId).some(
        ({ containerId, ipv4, ipv6 }) =>
          containerId === endpoint.containerId ||
          (ipv4 !== null && ipv4 === endpoint.ipv4) ||
          (ipv6 !== null && ipv6 === endpoint.ipv6),
      );
      if (isTaken || !this.byId(endpoint.networkId)) continue;
      this.#journal.record({ write: () => this.#store.endpoints.insert(endpoint) });
      this.#hold(endpoint);
    }
  }

  /** Null: it cannot be read, and is gone. */
  #readRow(id: string, parse: () => Network): Network | null {
    try {
      const network = parse();
      for (const subnet of network.spec.subnets) new Addresses(subnet);
      return network;
    } catch (error) {
      const fields = { network: id, error: asError(error).message };
      this.#log.error('the record of a network cannot be read; the network is gone', fields);
      this.#journal.record({ write: () => this.#store.networks.delete(id) });
      return null;
    }
  }

  /** By name. */
  all(): Network[] {
    return [...this.#byId.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get builtin(): Network {
    return this.get(builtinId(bridge, this.tag));
  }

  isBuiltin({ id }: Pick<Network, 'id'>): boolean {
    return id === builtinId(bridge, this.tag);
  }

  byId(id: string): Network | null {
    return this.#byId.get(id) ?? null;
  }

  byName(name: string): Network | null {
    return this.all().find((network) => network.name === name) ?? null;
  }

  /** As byId. Errors: NETWORK_NOT_FOUND. */
  get(id: string): Network {
    return this.byId(id) ?? notFound(shortId(id));
  }

  /** The network with this id, name, or unique prefix of an id, in this order. Errors: NETWORK_NOT_FOUND, AMBIGUOUS_ID. */
  find(reference: string): Network {
    const exact = this.byId(reference) ?? this.byName(reference);
    if (exact) return exact;
    const matches = /^[0-9a-f]{1,64}$/.test(reference)
      ? this.all().filter(({ id }) => id.startsWith(reference))
      : [];
    if (matches.length > 1) {
      const some = matches.slice(0, 3).map(({ id }) => shortId(id));
      throw new LikerError(
        'AMBIGUOUS_ID',
        `Cannot identify network '${reference}': ${matches.length} ids begin with it, such as ${some.join(', ')}; give more digits`,
        { metadata: { network: reference } },
      );
    }
    return matches[0] ?? notFound(reference);
  }

  /** Stores a network whose name is free, and whose subnets are nobody's. */
  create(
    name: string,
    spec: NetworkSpec,
    { leaseId, request }: { readonly leaseId: string; readonly request: RequestKey | null },
  ): Network {
    const network = { id: newNetworkId(), name, createdAt: Date.now(), spec, leaseId };
    this.#insert(network, { request });
    return network;
  }

  /** Gives the built-in network its subnets: at its first need, or when its last ones are in the way of others. */
  define(spec: NetworkSpec): Network {
    const { builtin } = this;
    const network = { ...builtin, createdAt: Date.now(), spec };
    this.#insert(network, { before: () => this.#store.networks.delete(builtin.id) });
    return network;
  }

  #insert(
    network: Network,
    { before = () => {}, request = null }: { readonly before?: () => void } & Requested = {},
  ): void {
    this.#journal.decide({
      write: () => {
        before();
        this.#store.networks.insert(toNetworkRow(network));
      },
      request: request && { ...request, result: network.id },
      events: [networkEvent(network, 'create')],
    });
    this.#add(network);
  }

  /** Forgets a network that nobody has. */
  remove(network: Network, request: RequestKey | null): void {
    this.#journal.decideUnlessFull({
      write: () => this.#store.networks.delete(network.id),
      request: request && { ...request, result: network.id },
      events: [networkEvent(network, 'destroy')],
    });
    this.#byId.delete(network.id);
    this.#addresses.delete(network.id);
    this.up.delete(network.id);
    clearTimeout(this.idle.get(network.id));
    this.idle.delete(network.id);
  }

  #add(network: Network): void {
    this.#byId.set(network.id, network);
    const { subnets } = network.spec;
    const families = ([4, 6] as const).flatMap((family) => {
      const subnet = subnetOf(subnets, family);
      return subnet ? [[family, new Addresses(subnet)] as const] : [];
    });
    this.#addresses.set(network.id, new Map(families));
  }

  /** What a container has now, in the order of its interfaces. */
  endpointsOf(containerId: string): readonly Endpoint[] {
    return this.#byContainer.get(containerId) ?? [];
  }

  endpointsOn(networkId: string): Endpoint[] {
    return [...this.#byContainer.values()].flat().filter((endpoint) => endpoint.networkId === networkId);
  }

  allEndpoints(): Endpoint[] {
    return [...this.#byContainer.values()].flat();
  }

  /**
   * Gives a container its place on networks, all of them or none: stored before anything is made. Errors: NETWORK_NOT_FOUND,
   * ADDRESS_IN_USE, BAD_ARGUMENT for an address that the network does not have.
   */
  join(containerId: string, asked: readonly Asked[], joining: Joining): Endpoint[] {
    const made: Endpoint[] = [];
    try {
      for (const one of asked) {
        const endpoint = this.#choose(containerId, one, joining);
        made.push(endpoint);
        this.#hold(endpoint);
      }
      this.#journal.decide({
        write: () => {
          for (const endpoint of made) this.#store.endpoints.insert(endpoint);
        },
        events: made.map((endpoint) => this.#event('connect', endpoint)),
      });
    } catch (error) {
      for (const endpoint of made) this.#letGo(endpoint);
      throw error;
    }
    return made;
  }

  /** Takes a place back, whose interface is gone or goes with the container's namespace. */
  leave(endpoint: Endpoint): void {
    const { containerId, networkId } = endpoint;
    this.#journal.record({
      write: () => this.#store.endpoints.delete(containerId, networkId),
      events: [this.#event('disconnect', endpoint)],
    });
    this.#letGo(endpoint);
  }

  #event(action: string, { containerId, networkId }: Endpoint) {
    return networkEvent(this.get(networkId), action, { container: containerId });
  }

  #choose(containerId: string, asked: Asked, joining: Joining): Endpoint {
    const { isAsked, before } = joining;
    const network = this.get(asked.network);
    const last = before.find(({ networkId }) => networkId === network.id);
    const address = (family: Family, wanted: string, had: string | null) => {
      const addresses = this.#addresses.get(network.id)?.get(family);
      if (addresses === undefined) {
        if (wanted === '') return null;
        throw outside(network, wanted);
      }
      if (wanted !== '') return requireFree(network, addresses, wanted);
      const again = had === null ? null : parseAddress(had);
      if (again && addresses.fits(again) && addresses.isFree(again) && !isAsked(network.id, had ?? ''))
        return had;
      const next = addresses.next((one) => isAsked(network.id, one));
      if (next === null) throw full(network);
      addresses.use(next);
      return formatAddress(next);
    };
    const taken = new Set(this.endpointsOf(containerId).map(({ number }) => number));
    let number = joining.firstNumber;
    while (taken.has(number)) number += 1;
    const addresses = {
      networkId: network.id,
      ipv4: address(4, asked.ipv4, last?.ipv4 ?? null),
      ipv6: address(6, asked.ipv6, last?.ipv6 ?? null),
    };
    return { containerId, number, ...addresses, mac: asked.macAddress || macOf(addresses) };
  }

  #hold(endpoint: Endpoint): void {
    const { containerId, networkId } = endpoint;
    const all = [...this.endpointsOf(containerId), endpoint].sort((a, b) => a.number - b.number);
    this.#byContainer.set(containerId, all);
    for (const address of addressesOf(endpoint).map(parseAddress))
      if (address) this.#addresses.get(networkId)?.get(address.family)?.take(address);
  }

  #letGo(endpoint: Endpoint): void {
    const { containerId, networkId } = endpoint;
    const others = this.endpointsOf(containerId).filter((one) => one.networkId !== networkId);
    if (others.length > 0) this.#byContainer.set(containerId, others);
    else this.#byContainer.delete(containerId);
    for (const address of addressesOf(endpoint).map(parseAddress))
      if (address) this.#addresses.get(networkId)?.get(address.family)?.release(address);
  }
}

function requireFree(network: Network, addresses: Addresses, wanted: string): string {
  const address = parseAddress(wanted);
  if (address === null || !addresses.fits(address)) throw outside(network, wanted);
  if (addresses.isFree(address)) return formatAddress(address);
  throw new LikerError(
    'ADDRESS_IN_USE',
    `Cannot use address ${wanted} on network '${network.name}': another container has it; choose another, or end that one`,
    { metadata: { network: network.id, address: wanted } },
  );
}

function outside({ name, id, spec }: Network, address: string): LikerError {
  const subnets = spec.subnets.map(({ subnet }) => subnet).join(', ') || 'no subnet of that family';
  return new LikerError(
    'BAD_ARGUMENT',
    `Cannot use address ${address} on network '${name}': give one of ${subnets} that is neither its gateway's nor another's`,
    { metadata: { network: id, address } },
  );
}

function full({ name, id, spec }: Network): LikerError {
  const subnets = spec.subnets.map(({ subnet, ipRange }) => ipRange || subnet).join(', ');
  return new LikerError(
    'ADDRESS_IN_USE',
    `Network '${name}' has no free address left in ${subnets}; end containers on it, or make a network with a larger --subnet`,
    { metadata: { network: id } },
  );
}

function notFound(reference: string): never {
  throw new LikerError(
    'NETWORK_NOT_FOUND',
    `No such network: '${reference}'; 'likerctl network ls' lists all`,
    { metadata: { network: reference } },
  );
}
