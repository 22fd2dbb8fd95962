import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { LikerError } from '../../../../common/errors.ts';
import { netlink } from '../../../native/libliker.ts';
import { addressBytes } from '../address.ts';
import { type Answer, decodeAnswers, encodeRequests, flag, message, type Request, text } from '../netlink.ts';

const settings = '/proc/sys/net';

/** linux/rtnetlink.h: RTM_NEWROUTE, RT_TABLE_LOCAL, RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL, and attributes. */
const newRoute = 24;
const localTable = 255;
const byAdministrator = 4;
const scopeOfHost = 254;
const typeLocal = 2;
const attribute = { destination: 1, interface: 4, priority: 6, name: 3 } as const;
/** NLM_F_APPEND. */
const append = 0x800;
/** Behind that of the loopback itself. */
const priority = 1024;

/**
 * Lets the host's own packets from 127.0.0.1 and ::1 go to a bridge and come back, for ports that are published there. For IPv6 there is no
 * setting like route_localnet: an answer to ::1 is looked up among the routes of the interface that it came in by, so that one gets one. The kernel
 * drops what really came from or for ::1. The bridge ignores router advertisements, which a container could send (CVE-2020-13401).
 */
export function openToLoopback(bridge: string, { v6 }: { readonly v6: boolean }): void {
  writeFileSync(`${settings}/ipv4/conf/${bridge}/route_localnet`, '1');
  if (!v6 || !existsSync(`${settings}/ipv6/conf/${bridge}`)) return;
  writeFileSync(`${settings}/ipv6/conf/${bridge}/accept_ra`, '0');
  const fd = openSync('/proc/self/ns/net', 'r');
  try {
    const [link] = ask(fd, bridge, linkRequest(bridge));
    if (link) ask(fd, bridge, loopbackRoute(link.payload.readInt32LE(4)), 'EEXIST');
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether ports of ::1 can be served. With br_netfilter, an answer's address becomes ::1 again while it is still in the bridge, before the kernel drops
 * packets that come in for ::1.
 */
export function servesLoopback6(): boolean {
  try {
    return readFileSync(`${settings}/bridge/bridge-nf-call-ip6tables`, 'latin1').trim() === '0';
  } catch {
    return true;
  }
}

function ask(fd: number, bridge: string, request: Request, harmless = ''): Answer[] {
  const { answers, refused } = decodeAnswers(netlink(fd, encodeRequests([request])));
  if (refused === null || refused.errno === harmless) return answers;
  throw new LikerError(
    'SYSCALL',
    `Cannot open the bridge '${bridge}' to ports of ::1: the kernel refused it (${refused.words || refused.errno})`,
    { syscall: { step: 'network', syscall: 'sendmsg', errno: refused.errno, object: bridge } },
  );
}

function linkRequest(name: string): Request {
  return {
    type: message.getLink,
    flags: flag.acknowledge,
    body: Buffer.alloc(16),
    attributes: [{ type: attribute.name, value: text(name) }],
  };
}

function loopbackRoute(index: number): Request {
  const body = Buffer.alloc(12);
  body[0] = 10;
  body[1] = 128;
  body[4] = localTable;
  body[5] = byAdministrator;
  body[6] = scopeOfHost;
  body[7] = typeLocal;
  return {
    type: newRoute,
    // Beside those of other bridges.
    flags: flag.acknowledge | flag.create | append,
    body,
    attributes: [
      { type: attribute.destination, value: addressBytes('::1') },
      { type: attribute.interface, value: number(index) },
      { type: attribute.priority, value: number(priority) },
    ],
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
