import * as v from 'valibot';
import { check, fields, type Of } from '../../../common/schema.ts';

const texts = v.optional(v.nullable(v.array(v.string())), []);
const dns = v.optional(
  fields({ nameservers: texts, domain: v.optional(v.string(), ''), search: texts, options: texts }),
  {},
);

/** Up to version 0.2.0: one address of each family. */
const oldAddress = v.optional(fields({ ip: v.string(), gateway: v.optional(v.string(), '') }));
const schema = fields({
  ip4: oldAddress,
  ip6: oldAddress,
  interfaces: v.optional(
    v.nullable(
      v.array(
        fields({
          name: v.string(),
          mac: v.optional(v.string(), ''),
          /** The container's network namespace; empty: the host's. */
          sandbox: v.optional(v.string(), ''),
        }),
      ),
    ),
    [],
  ),
  ips: v.optional(
    v.nullable(
      v.array(
        fields({
          address: v.string(),
          gateway: v.optional(v.string(), ''),
          /** Number of one of `interfaces`. */
          interface: v.nullish(v.number()),
        }),
      ),
    ),
    [],
  ),
  dns,
});

/** What the plugins have made, whatever the version of the result. */
export interface CniConnection {
  readonly addresses: readonly CniAddress[];
  readonly mac: string;
  readonly dns: CniDns;
}

export interface CniAddress {
  readonly address: string;
  readonly prefix: number;
  /** Empty: none. */
  readonly gateway: string;
}

export interface CniDns {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Reads a result of any version. Throws an Error that names the field that has no meaning. */
export function readResult(result: unknown, interfaceName: string): CniConnection {
  const { ip4, ip6, interfaces, ips, dns: names } = check(schema, result, 'its result');
  const made = interfaces ?? [];
  const own = made.findIndex(({ name, sandbox }) => name === interfaceName && sandbox !== '');
  const isOwn = (index: number | null | undefined): boolean => own < 0 || (index ?? own) === own;
  const given = [
    ...[ip4, ip6].flatMap((one) => (one ? [{ address: one.ip, gateway: one.gateway }] : [])),
    ...(ips ?? []).filter((one) => isOwn(one.interface)),
  ];
  return {
    addresses: given.map(({ address, gateway }) => ({ ...split(address), gateway })),
    mac: made[own]?.mac ?? '',
    dns: {
      nameservers: names.nameservers ?? [],
      search: [...(names.domain === '' ? [] : [names.domain]), ...(names.search ?? [])],
      options: names.options ?? [],
    },
  };
}

function split(text: string): { readonly address: string; readonly prefix: number } {
  const [address = '', prefix = ''] = text.split('/');
  return { address, prefix: prefix === '' ? (address.includes(':') ? 128 : 32) : Number(prefix) };
}

export type CniResult = Of<typeof schema>;
