import { readFileSync } from 'node:fs';
import { addressFamily, addressText } from './address.ts';
import { ask } from './ask.ts';
import { type Answer, attributesOf, flag, message, type Request } from './netlink.ts';
import {
  type Link,
  linksOf,
  linksRequest,
  mainTable,
  numberOf,
  routeAttribute,
  routeBytes,
  unicast,
} from './rtnetlink.ts';

/** A network that the host can reach. */
export interface Route {
  /** Such as 10.0.0.0/8. */
  readonly destination: string;
  /** The interface through which it goes; empty: through several. */
  readonly link: string;
}

function routesRequest(family: number): Request {
  const body = Buffer.alloc(routeBytes);
  body.writeUInt8(family, 0);
  return { type: message.getRoute, flags: flag.dump, body };
}

interface KernelRoute {
  readonly destination: string;
  readonly prefix: number;
  readonly isMain: boolean;
  readonly metric: number;
  /** Indexes of the interfaces. */
  readonly links: readonly number[];
  /** Its own MTU; 0: that of its interface. */
  readonly mtu: number;
}

const isUnicast = ({ type, payload }: Answer): boolean =>
  type === message.newRoute && payload.length >= routeBytes && payload.readUInt8(7) === unicast;
const clonedFlag = 0x200;
const metricMtu = 2;

function routesOf(answers: readonly Answer[]): KernelRoute[] {
  return answers
    .filter((answer) => isUnicast(answer) && (answer.payload.readUInt32LE(8) & clonedFlag) === 0)
    .map(({ payload }) => {
      const values = attributesOf(payload, routeBytes);
      const none = Buffer.alloc(payload.readUInt8(0) === addressFamily.v4 ? 4 : 16);
      const table = numberOf(values.get(routeAttribute.table)) || payload.readUInt8(4);
      const output = values.get(routeAttribute.output);
      const metrics = attributesOf(values.get(routeAttribute.metrics) ?? Buffer.alloc(0), 0);
      return {
        destination: addressText(values.get(routeAttribute.destination) ?? none),
        prefix: payload.readUInt8(1),
        isMain: table === mainTable,
        metric: numberOf(values.get(routeAttribute.priority)),
        links: output ? [numberOf(output)] : hops(values.get(routeAttribute.multipath)),
        mtu: numberOf(metrics.get(metricMtu)),
      };
    });
}

/** struct rtnexthop: u16 length, u8 flags, u8 weight, int index; attributes. */
function hops(bytes: Buffer = Buffer.alloc(0)): number[] {
  const found: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 8) break;
    found.push(bytes.readInt32LE(at + 4));
    at += (length + 3) & ~3;
  }
  return found;
}

async function kernelRoutes(): Promise<{ readonly routes: KernelRoute[]; readonly links: Link[] }> {
  const what = "read the host's routes";
  const links = linksOf(await ask('own', what, [linksRequest]));
  const v4 = await ask('own', what, [routesRequest(addressFamily.v4)]);
  const v6 = hasIpv6() ? await ask('own', what, [routesRequest(addressFamily.v6)]) : [];
  return { routes: routesOf([...v4, ...v6]), links };
}

/** The networks that the host reaches by a route of any table, except default routes and its own addresses. */
export async function hostRoutes(): Promise<Route[]> {
  const { routes, links } = await kernelRoutes();
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return routes
    .filter(({ prefix }) => prefix > 0)
    .map((route) => ({
      destination: `${route.destination}/${route.prefix}`,
      link: route.links.length === 1 ? (names.get(route.links[0] ?? 0) ?? '') : '',
    }));
}

const ethernetMtu = 1500;

/** Bytes of the largest packet to the outside: of the default route that the kernel prefers. Without any, 1500. */
export async function uplinkMtu(): Promise<number> {
  const { routes, links } = await kernelRoutes();
  const defaults = routes.filter(({ prefix, isMain }) => prefix === 0 && isMain);
  const [best] = defaults.sort((a, b) => a.metric - b.metric);
  const ofLinks = links.filter(({ index }) => best?.links.includes(index)).map(({ mtu }) => mtu);
  const mtus = [...ofLinks, ...(best?.mtu ? [best.mtu] : [])];
  return mtus.length > 0 ? Math.min(...mtus) : ethernetMtu;
}

/** Whether the host has IPv6. */
export function hasIpv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', 'latin1').trim() === '0';
  } catch {
    return false;
  }
}
