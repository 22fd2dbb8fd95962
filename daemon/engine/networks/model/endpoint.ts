import { randomBytes } from 'node:crypto';
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

/** Locally administered, for one interface. */
export function newMac(): string {
  return [2, ...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
