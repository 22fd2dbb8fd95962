import { isIPv4, isIPv6 } from 'node:net';

/** An address of an interface: `prefix` is the number of bits that its network has in common. */
export interface InterfaceAddress {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly prefix: number;
}

/** Address families (socket(2)). */
export const addressFamily = { unspecified: 0, v4: 2, v6: 10 } as const;

export function familyOf(address: string): number {
  return isIPv4(address) ? addressFamily.v4 : addressFamily.v6;
}

/** The 4 or 16 bytes of an address, in the order of the network. Throws a RangeError if the text is none. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) throw new RangeError(`not an IP address: ${address}`);
  const [before = '', after] = withoutDots(address).split('::');
  const first = groups(before);
  const last = groups(after ?? '');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of first.entries()) bytes.writeUInt16BE(group, 2 * index);
  for (const [index, group] of last.entries()) bytes.writeUInt16BE(group, 16 - 2 * (last.length - index));
  return bytes;
}

/** An IPv6 address may end with one of IPv4. */
function withoutDots(address: string): string {
  const at = address.lastIndexOf(':') + 1;
  if (!isIPv4(address.slice(at))) return address;
  const bytes = addressBytes(address.slice(at));
  return `${address.slice(0, at)}${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** The text of 4 or 16 bytes; IPv6 as in RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = Buffer.from(bytes);
  const words = Array.from({ length: 8 }, (_, index) => view.readUInt16BE(2 * index).toString(16));
  const zeros = [...words.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const longest = zeros.reduce((best, [run]) => (run.length > best.length ? run : best), '');
  const text = words.join(':');
  if (longest === '') return text;
  const at = zeros.find(([run]) => run === longest)?.index ?? 0;
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
