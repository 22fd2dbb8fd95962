import { createHash } from 'node:crypto';
import { check } from '../../../../common/schema.ts';
import { type EndpointRow, endpointRowSchema } from '../../../store/tables/endpoint.ts';

/** What a container that runs, or is about to, has on a network. */
export interface Endpoint {
  readonly containerId: string;
  readonly networkId: string;
  /** N of the interface ethN inside. */
  readonly number: number;
  /** Null: the network has no such addresses. */
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  /** Hardware address. */
  readonly mac: string;
}

/** Throws an Error for a row that cannot be read. */
export function fromEndpointRow(row: EndpointRow): Endpoint {
  return check(endpointRowSchema, row, 'its row');
}

export function addressesOf({ ipv4, ipv6 }: Pick<Endpoint, 'ipv4' | 'ipv6'>): string[] {
  return [ipv4, ipv6].filter((address) => address !== null);
}

/**
 * Locally administered, and always the same for an address of a network: who gets the address of a container that has ended has its hardware
 * address, too, which neighbours remember for a while.
 */
export function macOf({ networkId, ipv4, ipv6 }: Pick<Endpoint, 'networkId' | 'ipv4' | 'ipv6'>): string {
  const digest = createHash('sha256')
    .update(`${networkId} ${ipv4 ?? ipv6}`)
    .digest();
  return [2, ...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
