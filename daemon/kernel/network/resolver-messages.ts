// Requests to liker-resolver (native/src/resolver/control.h).
import { isIP, isIPv6 } from 'node:net';

/** Names and addresses of one container in one network. */
export interface Names {
  /** The first answers for the addresses (PTR). Case does not matter. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** What one container sees. */
export interface View {
  /** Ids of networks. The first that knows a name answers. */
  readonly networks: readonly string[];
  /** Other names are asked of these servers, IP or IP#PORT; null: of the host's. Without any, no other name exists. */
  readonly upstreams: readonly string[] | null;
}

export function request(kind: string, ...parts: readonly (Uint8Array | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : Buffer.from(part))));
  const header = Buffer.alloc(5, kind);
  header.writeUInt32LE(1 + body.length, 0);
  // The letter is the last byte.
  header.write(kind, 4, 'latin1');
  return Buffer.concat([header, body]);
}

export const id = (hex: string): Buffer => Buffer.from(hex, 'latin1');

export const helloRequest = (): Buffer => request('H');
export const beginRequest = (): Buffer => request('B');
export const endRequest = (): Buffer => request('E');

/** What is longer than a label of DNS, such as many a container's name, cannot be asked for. */
export function isName(name: string): boolean {
  return name.length <= 253 && /^([!-\-/-~]{1,63}\.)*[!-\-/-~]{1,63}$/.test(name);
}

export function joinRequest(network: string, container: string, member: Names): Buffer {
  const { addresses } = member;
  const names = [...new Set(member.names.map((name) => name.toLowerCase()))].filter(isName);
  const count = Buffer.alloc(2);
  count.writeUInt16LE(names.length);
  return request(
    'J',
    id(network),
    id(container),
    [addresses.length],
    ...addresses.map(addressBytes),
    count,
    ...names.map(nameBytes),
  );
}

export function leaveRequest(network: string, container: string): Buffer {
  return request('L', id(network), id(container));
}

/** Its answer says whether the container's sockets are there. */
export function showRequest(container: string, { networks, upstreams }: View): Buffer {
  return request(
    'S',
    id(container),
    [upstreams === null ? 0 : 1, networks.length],
    ...networks.map(id),
    serverList(upstreams ?? []),
  );
}

export function removeRequest(container: string): Buffer {
  return request('R', id(container));
}

/** The servers of those that have none of their own. */
export function upstreamsRequest(upstreams: readonly string[]): Buffer {
  return request('U', serverList(upstreams));
}

/** The most that a container or the host can have. */
const mostServers = 8;

function serverList(servers: readonly string[]): Buffer {
  const used = servers.slice(0, mostServers);
  return Buffer.concat([Buffer.from([used.length]), ...used.map(serverBytes)]);
}

const dnsPort = 53;

function serverBytes(server: string): Buffer {
  const [address = '', port = dnsPort] = server.split('#');
  const [plain = '', scope = 0] = address.split('%');
  const rest = Buffer.alloc(6);
  rest.writeUInt32LE(Number(scope), 0);
  rest.writeUInt16LE(Number(port), 4);
  return Buffer.concat([addressBytes(plain), rest]);
}

export function nameBytes(name: string): Buffer {
  const bytes = Buffer.from(name, 'latin1');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** 4 or 6, and the bytes of the address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 0) throw new Error(`Not an IP address: '${address}'`);
  if (!isIPv6(address)) return Buffer.from([4, ...address.split('.').map(Number)]);
  // With an IPv4 address at its end in the form of two groups.
  const groups = address
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    })
    .split('::')
    .map((half) => half.split(':').filter(Boolean));
  const [front = [], back = []] = groups;
  const zeros = new Array<string>(8 - front.length - back.length).fill('0');
  const bytes = Buffer.alloc(17, 0);
  bytes[0] = 6;
  for (const [index, group] of [...front, ...zeros, ...back].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), 1 + 2 * index);
  return bytes;
}
