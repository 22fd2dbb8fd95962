import { closeSync, existsSync, openSync } from 'node:fs';
import { LikerError } from '../../../common/errors.ts';
import { closeFd, connectNamespace, pidfdEnded, pidfdOpen } from '../../native/libliker.ts';
import { encodeConnect } from '../plan/encode.ts';
import { addressFamily, familyOf, type InterfaceAddress } from './address.ts';
import { ask, refusedBy, tryAsking } from './ask.ts';
import { endRequests } from './host-rate.ts';
import type { Rate } from './htb.ts';
import { encodeRequest } from './netlink.ts';
import { insideRequests, type RoutedLink, routedRequests } from './routed-link.ts';
import {
  defaultRouteRequest,
  deleteLinkRequest,
  getLinkRequest,
  hairpinPortRequest,
  type IpvlanMode,
  ipvlanRequest,
  type MacvlanMode,
  macvlanRequest,
  newAddressRequest,
  noDefaultRouteRequest,
  setLinkRequest,
  vethRequest,
} from './rtnetlink.ts';
import type { Wanted } from './wanted.ts';

/** How a container is connected to one network: what there is of it in the kernel. */
export interface Endpoint {
  /** Its interface inside is eth0, eth1 … */
  readonly number: number;
  /** Of the interface inside, such as 02:00:00:00:00:01. One of ipvlan has its parent's. */
  readonly mac: string;
  readonly mtu: number;
  /** Inside: at most one of each family. */
  readonly addresses: readonly InterfaceAddress[];
  /** Default routes: at most one of each family, in only one endpoint of a container. */
  readonly gateways: readonly string[];
  readonly link: EndpointLink;
  /** What it may send and receive, of one with an end on the host. `sender`: as prepareSender has it. Null: no limit. */
  readonly limit?: { readonly rate: Rate; readonly sender: number } | null;
}

export type EndpointLink =
  /** `index` of the bridge; `name` of the host's end, and its alias `liker:TAG:ID`. */
  | {
      readonly kind: 'bridge';
      readonly index: number;
      readonly name: string;
      readonly alias: string;
      /** The bridge gives it back what it sends to itself by a port of the host (br_netfilter needs that). It hears its own broadcasts, too. */
      readonly hairpin?: boolean;
      /** The host's end is no port of the bridge: the container has an egress policy. */
      readonly routed?: RoutedLink | null;
    }
  /** `parent`: index of an interface of the host. */
  | { readonly kind: 'macvlan'; readonly parent: number; readonly mode: MacvlanMode }
  | { readonly kind: 'ipvlan'; readonly parent: number; readonly mode: IpvlanMode };

/** A request as the plan's step `connect` has it. */
interface PlannedRequest {
  readonly words: string;
  readonly inside: boolean;
  readonly link: string;
  readonly intoNamespace: boolean;
  readonly bytes: Uint8Array;
}

/** The fields of the step `connect` that are about interfaces. */
export interface Connection {
  readonly sysctls: readonly (readonly [path: string, value: string])[];
  readonly requests: readonly PlannedRequest[];
}

/** How a container is connected as it starts; without any endpoint it gets the loopback alone. */
export function connection(endpoints: readonly Endpoint[]): Connection {
  return {
    sysctls: sysctlsFor(endpoints),
    requests: [
      { words: 'lo', inside: true, link: 'lo', request: setLinkRequest({}, { isUp: true }) },
      ...endpoints.flatMap(requestsOf),
    ].map(planned),
  };
}

export function interfaceName({ number }: Pick<Endpoint, 'number'>): string {
  return `eth${number}`;
}

/** A process of the container, by its start time (field 22 of /proc/PID/stat). */
export interface NamespaceOwner {
  readonly pid: number;
  readonly startTime: string;
}

/** Connects a container that runs to one more network. Throws; then nothing of the connection is left. */
export async function connectLive(process: NamespaceOwner, endpoint: Endpoint): Promise<void> {
  using namespace = new OpenNamespace(process);
  try {
    await connectNamespace(
      namespace.fd,
      encodeConnect({ resolver: '', containerId: '', ...connection([endpoint]) }),
    );
  } catch (error) {
    await tryAsking(namespace.fd, [deleteLinkRequest(interfaceName(endpoint))]);
    throw error;
  }
}

/** Removes an interface of a container that runs, and the host's end with it. A missing one is no error. Throws SYSCALL. */
export async function disconnectLive(process: NamespaceOwner, number: number): Promise<void> {
  using namespace = new OpenNamespace(process);
  const name = interfaceName({ number });
  const { refused } = await tryAsking(namespace.fd, [deleteLinkRequest(name)]);
  if (refused !== null && refused.errno !== 'ENODEV')
    throw refusedBy(`remove the interface '${name}'`, refused);
}

/** Makes these the default routes of a container that runs, of which each family has at most one. Throws SYSCALL. */
export async function setDefaultRoutes(process: NamespaceOwner, gateways: readonly string[]): Promise<void> {
  using namespace = new OpenNamespace(process);
  for (const family of [addressFamily.v4, addressFamily.v6]) {
    const gateway = gateways.find((one) => familyOf(one) === family);
    if (gateway !== undefined)
      await ask(namespace.fd, `set the default route through ${gateway}`, [defaultRouteRequest(gateway)]);
    else await removeDefaultRoute(namespace.fd, family);
  }
}

async function removeDefaultRoute(namespace: number, family: number): Promise<void> {
  const { refused } = await tryAsking(namespace, [noDefaultRouteRequest(family)]);
  // ESRCH: there is none. EAFNOSUPPORT, ENOTSUP: the kernel has no IPv6.
  if (refused !== null && !['ESRCH', 'EAFNOSUPPORT', 'ENOTSUP'].includes(refused.errno))
    throw refusedBy('remove the default route', refused);
}

/** The network namespace of a process, held open. */
export class OpenNamespace implements Disposable {
  readonly fd: number;

  /** Throws WRONG_STATE if the process has ended. */
  constructor({ pid, startTime }: NamespaceOwner) {
    const pidfd = pidfdOpen(pid, startTime);
    if (pidfd === null) throw ended();
    try {
      this.fd = openSync(`/proc/${pid}/ns/net`, 'r');
      // The pid was its own until here.
      if (!pidfdEnded(pidfd)) return;
      closeSync(this.fd);
      throw ended();
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? ended() : error;
    } finally {
      closeFd(pidfd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

function ended(): LikerError {
  return new LikerError('WRONG_STATE', 'Cannot change its network: the container has ended');
}

function planned({ request, ...how }: Wanted): PlannedRequest {
  return { inside: false, link: '', intoNamespace: false, ...how, bytes: encodeRequest(request) };
}

/** Once it has, it keeps it. */
let kernelHasIpv6 = false;

/**
 * Of interfaces that are born in the namespace. likerd gives every address once, so nobody has to be asked for it (accept_dad), and nobody
 * in the network may give the container routes. An interface without an IPv6 address of its network gets none at all: it would be a way
 * round the rules of the network.
 */
function sysctlsFor(endpoints: readonly Endpoint[]): [string, string][] {
  const conf = 'net/ipv6/conf/default';
  if (endpoints.length === 0) return [];
  // The kernel takes longer to say so beside many interfaces.
  kernelHasIpv6 ||= existsSync(`/proc/sys/${conf}`);
  if (!kernelHasIpv6) return [];
  const hasIpv6 = endpoints.some(({ addresses }) =>
    addresses.some(({ address }) => familyOf(address) === addressFamily.v6),
  );
  if (!hasIpv6) return [[`${conf}/disable_ipv6`, '1']];
  return [
    // An interface of before may have been one without.
    [`${conf}/disable_ipv6`, '0'],
    [`${conf}/accept_dad`, '0'],
    [`${conf}/accept_ra`, '0'],
  ];
}

function requestsOf(endpoint: Endpoint): Wanted[] {
  const { addresses, gateways, link } = endpoint;
  const name = interfaceName(endpoint);
  return [
    ...(link.kind === 'bridge' ? vethRequests(endpoint, link) : [childRequest(endpoint, link)]),
    { words: name, inside: true, request: setLinkRequest({ name }, { isUp: true }) },
    ...addresses.map(
      (address): Wanted => ({
        words: `${address.address}/${address.prefix} on ${name}`,
        inside: true,
        request: newAddressRequest(address),
        link: name,
      }),
    ),
    ...(link.kind === 'bridge' && link.routed ? insideRequests(name, addresses, link.routed) : []),
    ...gateways.map(
      (gateway): Wanted => ({
        words: `default route through ${gateway}`,
        inside: true,
        request: defaultRouteRequest(gateway),
      }),
    ),
    // The kernel tells the bridge a moment later that its port can forward, and others that the bridge can, since it has a port. These
    // questions make it tell at once (from Linux 6.8 on), or the first packet would be lost.
    ...(link.kind === 'bridge'
      ? [
          { words: link.name, request: getLinkRequest({ name: link.name }) },
          { words: 'the bridge', request: getLinkRequest({ index: link.index }) },
        ]
      : []),
  ];
}

function vethRequests(
  { mac, mtu, limit = null, ...endpoint }: Endpoint,
  link: Extract<EndpointLink, { kind: 'bridge' }>,
): Wanted[] {
  const { name: near, alias, index, hairpin = false, routed = null } = link;
  const name = interfaceName(endpoint);
  return [
    {
      words: `veth ${near} and ${name}`,
      request: vethRequest({ name: near, mtu }, { name, mac, mtu }),
      intoNamespace: true,
    },
    ...(routed
      ? routedRequests(endpoint.addresses, link, routed)
      : [
          {
            words: `bridge port ${near}`,
            request: setLinkRequest({ name: near, alias, master: index, withoutOwnAddresses: true }),
          },
        ]),
    ...(limit ? endRequests(limit.rate, limit.sender) : []).map((request) => ({
      words: `rate of ${near}`,
      link: near,
      request,
    })),
    ...(routed
      ? []
      : [
          {
            words: near,
            request: hairpin ? hairpinPortRequest(near) : setLinkRequest({ name: near }, { isUp: true }),
          },
        ]),
  ];
}

function childRequest(
  { mac, mtu, ...endpoint }: Endpoint,
  link: Exclude<EndpointLink, { kind: 'bridge' }>,
): Wanted {
  const name = interfaceName(endpoint);
  const { parent } = link;
  const request =
    link.kind === 'macvlan'
      ? macvlanRequest(parent, link.mode, { name, mac, mtu })
      : ipvlanRequest(parent, link.mode, { name, mtu });
  return { words: `${link.kind} ${name}`, request, intoNamespace: true };
}
