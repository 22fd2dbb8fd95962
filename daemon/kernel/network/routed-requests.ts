// Requests of rtnetlink(7) for links that are routed, and not ports of a bridge.
import { addressBits, formatSubnet, parseSubnet } from '../../../common/ip-address.ts';
import { addressBytes, addressFamily, familyOf } from './address.ts';
import { type Attribute, flag, message, nested, type Request } from './netlink.ts';
import {
  linkAttribute,
  mainTable,
  routeAttribute,
  routeBytes,
  setLinkRequest,
  u32,
  unicast,
} from './rtnetlink.ts';

type Change = 'new' | 'delete';

function change(kind: Change, added: number, deleted: number): Pick<Request, 'type' | 'flags'> {
  return kind === 'new'
    ? { type: added, flags: flag.acknowledge | flag.create | flag.replace }
    : { type: deleted, flags: flag.acknowledge };
}

/** IFLA_INET_CONF, and IPV4_DEVCONF_ROUTE_LOCALNET. */
const ipv4Configuration = 1;
const routesLoopback = 26;

/** The host's own packets from 127.0.0.1 may go there and come back, for ports that are published there. */
export function openToLoopbackRequest(name: string): Request {
  const request = setLinkRequest({ name });
  const values = nested([{ type: routesLoopback, value: u32(1) }]);
  const ofIpv4 = nested([{ type: ipv4Configuration, value: values }]);
  const families = nested([{ type: addressFamily.v4, value: ofIpv4 }]);
  return {
    ...request,
    attributes: [...(request.attributes ?? []), { type: linkAttribute.families, value: families }],
  };
}

/** IFA_*, and IFA_F_NODAD. */
const addressAttribute = { address: 1, local: 2, flags: 8 } as const;
const withoutDetection = 2;

/** Gives a link an address of the host whose only neighbour is `peer`, with the route there. */
export function peerRequest(
  kind: Change,
  { local, peer }: { readonly local: string; readonly peer: string },
  index = 0,
): Request {
  const family = familyOf(local);
  const body = Buffer.alloc(8);
  body.writeUInt8(family, 0);
  body.writeUInt8(addressBits(family === addressFamily.v4 ? 4 : 6), 1);
  body.writeUInt32LE(index, 4);
  return {
    ...change(kind, message.newAddress, message.deleteAddress),
    body,
    attributes: [
      { type: addressAttribute.local, value: addressBytes(local) },
      { type: addressAttribute.address, value: addressBytes(peer) },
      ...(family === addressFamily.v6
        ? [{ type: addressAttribute.flags, value: u32(withoutDetection) }]
        : []),
    ],
  };
}

/** NTF_PROXY, NUD_PERMANENT and NDA_DST. An entry that is not permanent goes when the bridge has no port for a while. */
const proxied = 8;
const permanent = 0x80;
const neighbourAddress = 1;

/** The host answers on this link for an address that is elsewhere. */
export function proxyRequest(kind: Change, address: string, index: number): Request {
  const body = Buffer.alloc(12);
  body.writeUInt8(familyOf(address), 0);
  body.writeInt32LE(index, 4);
  body.writeUInt16LE(permanent, 8);
  body.writeUInt8(proxied, 10);
  return {
    ...change(kind, message.newNeighbour, message.deleteNeighbour),
    body,
    attributes: [{ type: neighbourAddress, value: addressBytes(address) }],
  };
}

/** RTPROT_STATIC, RT_SCOPE_LINK, RT_SCOPE_HOST, RT_TABLE_LOCAL, RTN_LOCAL. */
const setByAdministrator = 4;
const scope = { universe: 0, link: 253, host: 254 } as const;
const localTable = 255;
const localType = 2;

interface LinkRoute {
  readonly destination: string;
  /** Empty: neighbours. */
  readonly gateway: string;
}

/** A route by a link, whose index is the last attribute. */
export function linkRouteRequest(kind: Change, { destination, gateway }: LinkRoute, index = 0): Request {
  const request = routeRequest(kind, destination, index, [
    ...(gateway === '' ? [] : [{ type: routeAttribute.gateway, value: addressBytes(gateway) }]),
  ]);
  request.body.writeUInt8(gateway === '' && !destination.includes(':') ? scope.link : scope.universe, 6);
  return request;
}

/** An answer to ::1 is looked up among the routes of the interface that it came in by. */
export function loopbackRouteRequest(kind: Change, index = 0): Request {
  const request = routeRequest(kind, '::1/128', index, [{ type: routeAttribute.priority, value: u32(1024) }]);
  request.body.writeUInt8(localTable, 4);
  request.body.writeUInt8(scope.host, 6);
  request.body.writeUInt8(localType, 7);
  // Beside those of other links (NLM_F_APPEND).
  return { ...request, flags: kind === 'new' ? flag.acknowledge | flag.create | 0x800 : request.flags };
}

function routeRequest(
  kind: Change,
  destination: string,
  index: number,
  attributes: readonly Attribute[],
): Request & { readonly body: Buffer } {
  const [address = '', prefix = ''] = destination.split('/');
  const body = Buffer.alloc(routeBytes);
  body.writeUInt8(familyOf(address), 0);
  body.writeUInt8(Number(prefix), 1);
  body.writeUInt8(mainTable, 4);
  body.writeUInt8(setByAdministrator, 5);
  body.writeUInt8(unicast, 7);
  return {
    ...change(kind, message.newRoute, message.deleteRoute),
    body,
    attributes: [
      { type: routeAttribute.destination, value: addressBytes(address) },
      ...attributes,
      { type: routeAttribute.output, value: u32(index) },
    ],
  };
}

/** The two halves of a subnet, whose routes go before that of the whole; none of one that has a single address. */
export function halvesOf(subnet: string): string[] {
  const whole = parseSubnet(subnet);
  if (whole === null || addressBits(whole.family) - whole.prefix < 2) return [];
  const prefix = whole.prefix + 1;
  const half = 1n << BigInt(addressBits(whole.family) - prefix);
  return [whole.first, whole.first + half].map((first) =>
    formatSubnet({ family: whole.family, first, prefix }),
  );
}
