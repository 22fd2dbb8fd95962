import {
  type Address,
  addressBits,
  contains,
  type Family,
  formatAddress,
  lastOf,
  parseAddress,
  parseSubnet,
  type Subnet,
} from '../../../../common/ip-address.ts';
import type { NetworkSubnet } from './network.ts';

/** Addresses of one subnet: which are taken, and which is next. */
export class Addresses {
  readonly subnet: Subnet;
  readonly #range: Subnet;
  readonly #taken = new Set<bigint>();
  /** Of the network itself: gateway, others by name, and what is the subnet's or everybody's. */
  readonly #fixed: ReadonlySet<bigint>;
  #last: bigint;

  /** Throws an Error for a subnet that is none. */
  constructor({ subnet, ipRange, gateway, auxAddresses }: NetworkSubnet) {
    this.subnet = required(subnet);
    this.#range = ipRange === '' ? this.subnet : required(ipRange);
    const own = [gateway, ...Object.values(auxAddresses)]
      .map(parseAddress)
      .filter((address) => address !== null);
    this.#fixed = new Set([...ends(this.subnet), ...own.map(({ value }) => value)]);
    this.#last = this.#range.first - 1n;
  }

  /** Whether a container may have it, if no other has. */
  fits(address: Address): boolean {
    return contains(this.subnet, address) && !this.#fixed.has(address.value);
  }

  isFree({ value }: Address): boolean {
    return !this.#taken.has(value);
  }

  take({ value }: Address): void {
    this.#taken.add(value);
  }

  /** The one that `next` has answered is given to a container. */
  use({ value }: Address): void {
    this.#last = value;
  }

  release({ value }: Address): void {
    this.#taken.delete(value);
  }

  /**
   * The next one that is free, which stays the next one until it is used: not the one that was just released, to which others may still send. Null: there is none. `isAsked`: it is
   * kept for a container that asks for it by name.
   */
  next(isAsked: (address: string) => boolean): Address | null {
    const { family } = this.subnet;
    const first = this.#range.first;
    const count = lastOf(this.#range) - first + 1n;
    // More than these cannot be taken, asked for or fixed in a subnet of IPv6.
    const most = count < mostTries ? count : mostTries;
    for (let step = 1n; step <= most; step += 1n) {
      const value = first + ((this.#last - first + step) % count);
      if (this.#taken.has(value) || this.#fixed.has(value)) continue;
      if (isAsked(formatAddress({ family, value }))) continue;
      return { family, value };
    }
    return null;
  }
}

const mostTries = 1n << 20n;

function required(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === null) throw new Error(`'${text}' is no subnet`);
  return subnet;
}

/** The address of the subnet itself, and of IPv4 that of all in it. Two and fewer addresses are all for hosts (RFC 3021). */
function ends(subnet: Subnet): bigint[] {
  const { family, first, prefix } = subnet;
  if (addressBits(family) - prefix < 2) return [];
  return family === 4 ? [first, lastOf(subnet)] : [first];
}

/** The first address of a host. */
export function firstHost(subnet: Subnet): string {
  const { family, first, prefix } = subnet;
  const value = addressBits(family) - prefix < 2 ? first : first + 1n;
  return formatAddress({ family, value });
}

export function subnetOf(subnets: readonly NetworkSubnet[], family: Family): NetworkSubnet | null {
  return subnets.find(({ subnet }) => parseSubnet(subnet)?.family === family) ?? null;
}
