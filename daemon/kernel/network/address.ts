import { isIPv4 } from 'node:net';
import {
  type Address,
  addressBits,
  formatAddress,
  lastOf,
  parseAddress,
  parseSubnet,
} from '../../../common/ip-address.ts';

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
export function addressBytes(text: string): Buffer {
  const address = parseAddress(text);
  if (address === null) throw new RangeError(`not an IP address: ${text}`);
  return bytesOf(address);
}

/** The text of 4 or 16 bytes; IPv6 as in RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  return formatAddress({
    family: bytes.length === 4 ? 4 : 6,
    value: BigInt(`0x${Buffer.from(bytes).toString('hex')}`),
  });
}

/** The first and the last address of a subnet such as 10.0.0.0/24. Throws a RangeError if the text is none. */
export function subnetRange(text: string): { readonly first: Buffer; readonly last: Buffer } {
  const subnet = parseSubnet(text);
  if (subnet === null) throw new RangeError(`not a subnet: ${text}`);
  const { family } = subnet;
  return {
    first: bytesOf({ family, value: subnet.first }),
    last: bytesOf({ family, value: lastOf(subnet) }),
  };
}

function bytesOf({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(addressBits(family) / 4, '0'), 'hex');
}
