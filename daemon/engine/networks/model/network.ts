import { createHash, randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { badArgument } from '../../../../common/errors.ts';
import { byName, check, fields, no, type Of, orNull, read } from '../../../../common/schema.ts';
import { type NetworkRow, networkRowSchema } from '../../../store/tables/network.ts';
import type { NewEvent } from '../../journal/event.ts';
import { egressSchema } from './egress.ts';

const networkSubnet = fields({
  /** ADDRESS/PREFIX, without bits of a host. */
  subnet: v.string(),
  /** Address of the host in it; empty: none. */
  gateway: v.optional(v.string(), ''),
  /** Part of it from which addresses are chosen; empty: all of it. */
  ipRange: v.optional(v.string(), ''),
  /** Addresses that no container gets, by the names of those who have them. */
  auxAddresses: byName(v.string()),
});
export interface NetworkSubnet extends Of<typeof networkSubnet> {}

const driver = v.picklist(['bridge', 'macvlan', 'ipvlan']);
export type NetworkDriver = Of<typeof driver>;
export const networkDrivers = driver.options;

/** What a network is to be: plain data. */
export const networkSpecSchema = fields({
  driver: v.optional(driver, 'bridge'),
  /** It has no way out. */
  internal: no,
  ipv6: no,
  /** At most one for each family. None: they are chosen when the network is first needed, which only `bridge` waits for. */
  subnets: v.optional(v.array(networkSubnet), []),
  options: byName(v.string()),
  labels: byName(v.string()),
  /** Of containers that have none of their own; null: none. */
  egress: orNull(egressSchema),
});
export interface NetworkSpec extends Of<typeof networkSpecSchema> {}

/** What containers are connected to. */
export interface Network {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly spec: NetworkSpec;
  /** With whose end it is removed; empty: none. */
  readonly leaseId: string;
}

/** The network that is always there. */
export const bridge = 'bridge';
/** Words of --network, which no network can have as its name. */
const words = ['host', 'none', 'default', 'private'];
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** What a label of DNS may have. */
const maxNameLength = 63;

/** Throws BAD_ARGUMENT for a name that Docker would refuse, too, or that cannot be the last part of a host's name. */
export function checkNetworkName(name: string, field: string): void {
  if (words.includes(name) || name === bridge)
    throw badArgument(field, `Invalid network name '${name}': it has a meaning of its own; choose another`);
  if (!namePattern.test(name) || name.length > maxNameLength)
    throw badArgument(
      field,
      `Invalid network name '${name}': use a letter or digit, then letters, digits, '_', '.' or '-', at most ${maxNameLength} in all`,
    );
}

/** Options of drivers, with Docker's names and defaults. */
export const macvlanModes = ['bridge', 'private', 'vepa', 'passthru'] as const;
export const ipvlanModes = ['l2', 'l3', 'l3s'] as const;

export function macvlanMode({ macvlan_mode: mode }: Readonly<Record<string, string>>) {
  return macvlanModes.find((one) => one === mode) ?? 'bridge';
}

export function ipvlanMode({ ipvlan_mode: mode }: Readonly<Record<string, string>>) {
  return ipvlanModes.find((one) => one === mode) ?? 'l2';
}

export function newNetworkId(): string {
  return randomBytes(32).toString('hex');
}

/** The same for each daemon of a root folder, also after the loss of its database. */
export function builtinId(name: string, tag: string): string {
  return createHash('sha256').update(`liker network ${name} of ${tag}`).digest('hex');
}

/** Its bridge on the host. At most 15 characters (IFNAMSIZ), as below. */
export function bridgeOf({ id }: Pick<Network, 'id'>): string {
  return `lb${id.slice(0, 12)}`;
}

/** The host's end of a container's connection to it. */
export function hostEndOf(networkId: string, containerId: string): string {
  return `lv${containerId.slice(0, 8)}${networkId.slice(0, 4)}`;
}

export function toNetworkRow({ spec, ...network }: Network): NetworkRow {
  return { ...network, spec: JSON.stringify(spec) };
}

/** Throws an Error for a row that cannot be read. */
export function fromNetworkRow(row: NetworkRow): Network {
  const { spec, ...network } = check(networkRowSchema, row, 'its row');
  return { ...network, spec: read(networkSpecSchema, spec, `the spec of network '${network.name}'`) };
}

export function networkEvent(
  { id, name, spec }: Network,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): NewEvent {
  return {
    subject: { type: 'network', id, name },
    action,
    attributes: { ...spec.labels, name, type: spec.driver, ...attributes },
  };
}
