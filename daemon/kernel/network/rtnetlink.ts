// Requests of rtnetlink(7) for links, addresses and routes (linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h).
import { addressBytes, addressFamily, familyOf, type InterfaceAddress } from './address.ts';
import {
  type Answer,
  type Attribute,
  attributesOf,
  flag,
  message,
  nested,
  type Request,
  text,
} from './netlink.ts';

export const linkBytes = 16;
const upFlag = 0x1;

/** IFLA_*. */
export const linkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  parent: 5,
  master: 10,
  queueLength: 13,
  info: 18,
  alias: 20,
  families: 26,
  namespace: 28,
  extension: 29,
  transmitQueues: 31,
  receiveQueues: 32,
} as const;
/** IFLA_INFO_*. */
const info = { kind: 1, data: 2 } as const;
const vethPeer = 1;
const bridgeMulticastSnooping = 23;
const macvlanMode = 1;
const ipvlanMode = 1;
/** IFLA_INET6_ADDR_GEN_MODE, and its value "none". */
const generatedAddresses = 8;
const generatesNone = 1;
/** RTEXT_FILTER_SKIP_STATS. */
const withoutFigures = 8;

const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
export type MacvlanMode = keyof typeof macvlanModes;
export type IpvlanMode = keyof typeof ipvlanModes;

export function u8(value: number): Buffer {
  return Buffer.of(value);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A MAC address such as 02:00:00:00:00:01. */
export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** Which interface a request is about, and whether it goes up or down. */
interface Target {
  readonly index?: number;
  readonly isUp?: boolean;
  readonly isDown?: boolean;
}

/** struct ifinfomsg. */
function linkMessage({ index = 0, isUp = false, isDown = false }: Target): Buffer {
  const body = Buffer.alloc(linkBytes);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(isUp ? upFlag : 0, 8);
  body.writeUInt32LE(isUp || isDown ? upFlag : 0, 12);
  return body;
}

/** What an interface is to have, from its birth or from now on. */
export interface LinkValues {
  readonly name?: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly alias?: string;
  /** Index of the bridge that it is a port of; 0: of none. */
  readonly master?: number;
  /** It gives itself no IPv6 address when it comes up. */
  readonly withoutOwnAddresses?: boolean;
}

function valuesOf(values: LinkValues): Attribute[] {
  const { name, mac, mtu, alias, master, withoutOwnAddresses } = values;
  const given = <T>(type: number, value: T | undefined, bytes: (value: T) => Uint8Array): Attribute[] =>
    value === undefined ? [] : [{ type, value: bytes(value) }];
  return [
    ...given(linkAttribute.name, name, text),
    ...given(linkAttribute.address, mac, macBytes),
    ...given(linkAttribute.mtu, mtu, u32),
    ...given(linkAttribute.alias, alias, text),
    ...given(linkAttribute.master, master, u32),
    ...(withoutOwnAddresses
      ? [
          {
            type: linkAttribute.families,
            value: nested([
              {
                type: addressFamily.v6,
                value: nested([{ type: generatedAddresses, value: u8(generatesNone) }]),
              },
            ]),
          },
        ]
      : []),
  ];
}

function infoOf(kind: string, data: readonly Attribute[]): Attribute {
  return {
    type: linkAttribute.info,
    value: nested([
      { type: info.kind, value: Buffer.from(kind) },
      { type: info.data, value: nested(data) },
    ]),
  };
}

/** linux/if_link.h: IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA, IFLA_BRPORT_MODE. */
const portInfo = { kind: 4, data: 5, hairpin: 4 } as const;

/** Brings up a port of a bridge that also gets frames back which it has sent, where they lead to it. */
export function hairpinPortRequest(name: string): Request {
  const data = nested([{ type: portInfo.hairpin, value: u8(1) }]);
  return {
    type: message.newLink,
    flags: flag.acknowledge,
    body: linkMessage({ isUp: true }),
    attributes: [
      ...valuesOf({ name }),
      {
        type: linkAttribute.info,
        value: nested([
          { type: portInfo.kind, value: Buffer.from('bridge') },
          { type: portInfo.data, value: data },
        ]),
      },
    ],
  };
}

const make = flag.acknowledge | flag.create | flag.exclusive;

/** Of a new link, at the end of its request: it is born in the namespace whose fd comes to stand there. */
const bornElsewhere: Attribute = { type: linkAttribute.namespace, value: Buffer.alloc(4) };

/** One queue each way: the kernel would make one for each CPU, which takes time and brings nothing to a virtual link. */
const oneQueue: readonly Attribute[] = [
  { type: linkAttribute.transmitQueues, value: u32(1) },
  { type: linkAttribute.receiveQueues, value: u32(1) },
];

/** Makes a bridge, or leaves it as it is. It floods multicast frames, as a switch without IGMP. */
export function bridgeRequest(values: LinkValues): Request {
  return {
    type: message.newLink,
    flags: flag.acknowledge | flag.create,
    body: linkMessage({}),
    attributes: [...valuesOf(values), infoOf('bridge', [{ type: bridgeMulticastSnooping, value: u8(0) }])],
  };
}

/**
 * Makes two links that are connected: `near` here, and `far` in the namespace whose fd comes to be the last four bytes of
 * the request.
 */
export function vethRequest(near: LinkValues, far: LinkValues): Request {
  const peer = Buffer.concat([linkMessage({}), nested([...valuesOf(far), ...oneQueue, bornElsewhere])]);
  return {
    type: message.newLink,
    flags: make,
    body: linkMessage({}),
    attributes: [...valuesOf(near), ...oneQueue, infoOf('veth', [{ type: vethPeer, value: peer }])],
  };
}

/** Makes a link on the parent with this index, in the namespace whose fd comes to be the last four bytes of the request. */
export function macvlanRequest(parent: number, mode: MacvlanMode, values: LinkValues): Request {
  return childRequest(
    parent,
    values,
    infoOf('macvlan', [{ type: macvlanMode, value: u32(macvlanModes[mode]) }]),
  );
}

/** Likewise; all such links have the parent's MAC address. */
export function ipvlanRequest(parent: number, mode: IpvlanMode, values: LinkValues): Request {
  return childRequest(
    parent,
    values,
    infoOf('ipvlan', [{ type: ipvlanMode, value: u16(ipvlanModes[mode]) }]),
  );
}

function childRequest(parent: number, values: LinkValues, kind: Attribute): Request {
  return {
    type: message.newLink,
    flags: make,
    body: linkMessage({}),
    attributes: [
      { type: linkAttribute.parent, value: u32(parent) },
      ...valuesOf(values),
      kind,
      bornElsewhere,
    ],
  };
}

/** Packets that wait in a queue that has no other limit. The kernel's default for ifb, 32, is too few for TCP. */
const waitingPackets = 1000;

/** Makes a link of ifb, through which packets that another link has received pass as if they were sent. */
export function ifbRequest(values: LinkValues, target: Target = {}): Request {
  return {
    type: message.newLink,
    flags: make,
    body: linkMessage(target),
    attributes: [
      ...valuesOf(values),
      { type: linkAttribute.queueLength, value: u32(waitingPackets) },
      ...oneQueue,
      infoOf('ifb', []),
    ],
  };
}

/** Changes a link, which is named by its index, or else by the name in `values`. A new name is for one that is down (until Linux 6.2). */
export function setLinkRequest(values: LinkValues, target: Target = {}): Request {
  return {
    type: message.setLink,
    flags: flag.acknowledge,
    body: linkMessage(target),
    attributes: valuesOf(values),
  };
}

export function deleteLinkRequest(name: string): Request {
  return {
    type: message.deleteLink,
    flags: flag.acknowledge,
    body: linkMessage({}),
    attributes: valuesOf({ name }),
  };
}

const terse: Attribute = { type: linkAttribute.extension, value: u32(withoutFigures) };

/** Describes one link, which is named by its name or its index. */
export function getLinkRequest({
  name,
  index,
}: {
  readonly name?: string;
  readonly index?: number;
}): Request {
  return {
    type: message.getLink,
    flags: flag.acknowledge,
    body: linkMessage(index === undefined ? {} : { index }),
    attributes: [...valuesOf(name === undefined ? {} : { name }), terse],
  };
}

export const linksRequest: Request = {
  type: message.getLink,
  flags: flag.dump,
  body: linkMessage({}),
  attributes: [terse],
};

/** A network interface, as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Empty: it has none. */
  readonly alias: string;
  /** bridge, veth …; empty for one of hardware. */
  readonly kind: string;
  /** Index of the bridge that it is a port of; 0: none. */
  readonly master: number;
  readonly mtu: number;
  /** Empty: it has none. */
  readonly mac: string;
  readonly isUp: boolean;
}

/** The links among the answers. */
export function linksOf(answers: readonly Answer[]): Link[] {
  return answers
    .filter(({ type, payload }) => type === message.newLink && payload.length >= linkBytes)
    .map(({ payload }) => {
      const values = attributesOf(payload, linkBytes);
      const kind = attributesOf(values.get(linkAttribute.info) ?? Buffer.alloc(0), 0).get(info.kind);
      return {
        index: payload.readInt32LE(4),
        name: textOf(values.get(linkAttribute.name)),
        alias: textOf(values.get(linkAttribute.alias)),
        kind: textOf(kind),
        master: numberOf(values.get(linkAttribute.master)),
        mtu: numberOf(values.get(linkAttribute.mtu)),
        mac: values.get(linkAttribute.address)?.toString('hex').match(/../g)?.join(':') ?? '',
        isUp: (payload.readUInt32LE(8) & upFlag) !== 0,
      };
    });
}

export function textOf(value: Buffer | undefined): string {
  return value?.toString('utf8').replace(/\0.*$/s, '') ?? '';
}

export function numberOf(value: Buffer | undefined): number {
  return value !== undefined && value.length >= 4 ? value.readUInt32LE(0) : 0;
}

/** IFA_*. */
const addressAttribute = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
/** IFA_F_NODAD: it can be used at once; likerd gives each address only once. */
const withoutDetection = 2;
const addressMessageBytes = 8;

function addressRequest(
  type: number,
  flags: number,
  { address, prefix }: InterfaceAddress,
  index: number,
): Request {
  const body = Buffer.alloc(addressMessageBytes);
  const bytes = addressBytes(address);
  const isV6 = familyOf(address) === addressFamily.v6;
  body.writeUInt8(familyOf(address), 0);
  body.writeUInt8(prefix, 1);
  body.writeUInt32LE(index, 4);
  return {
    type,
    flags,
    body,
    attributes: [
      { type: addressAttribute.local, value: bytes },
      { type: addressAttribute.address, value: bytes },
      ...(isV6 ? [{ type: addressAttribute.flags, value: u32(withoutDetection) }] : []),
      ...(isV6 || prefix > 30
        ? []
        : [{ type: addressAttribute.broadcast, value: broadcastOf(bytes, prefix) }]),
    ],
  };
}

/** The last address of an IPv4 network. */
function broadcastOf(address: Buffer, prefix: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((address.readUInt32BE() | (0xffff_ffff >>> prefix)) >>> 0);
  return bytes;
}

/** Gives an interface an address; one that it has already stays. `index` 0: the request's sender fills it in. */
export function newAddressRequest(address: InterfaceAddress, index = 0): Request {
  return addressRequest(message.newAddress, flag.acknowledge | flag.create | flag.replace, address, index);
}

/** RTA_*. */
export const routeAttribute = {
  destination: 1,
  output: 4,
  gateway: 5,
  priority: 6,
  metrics: 8,
  multipath: 9,
  table: 15,
} as const;
export const routeBytes = 12;
export const mainTable = 254;
const setByAdministrator = 4;
export const unicast = 1;

/** RT_SCOPE_NOWHERE: in a removal, it stands for any. */
const anyScope = 255;

function defaultRoute(
  type: number,
  flags: number,
  family: number,
  { scope, gateway }: { readonly scope: number; readonly gateway?: string },
): Request {
  const body = Buffer.alloc(routeBytes);
  body.writeUInt8(family, 0);
  body.writeUInt8(mainTable, 4);
  body.writeUInt8(setByAdministrator, 5);
  body.writeUInt8(scope, 6);
  body.writeUInt8(unicast, 7);
  return {
    type,
    flags,
    body,
    attributes: gateway === undefined ? [] : [{ type: routeAttribute.gateway, value: addressBytes(gateway) }],
  };
}

/** Puts a default route through a gateway, which must be a neighbour, in the place of the one of its family. */
export function defaultRouteRequest(gateway: string): Request {
  const flags = flag.acknowledge | flag.create | flag.replace;
  return defaultRoute(message.newRoute, flags, familyOf(gateway), { scope: 0, gateway });
}

/** Removes the default route of a family; the kernel refuses with ESRCH if there is none. */
export function noDefaultRouteRequest(family: number): Request {
  return defaultRoute(message.deleteRoute, flag.acknowledge, family, { scope: anyScope });
}
