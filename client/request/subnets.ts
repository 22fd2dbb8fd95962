import { BlockList, isIP } from 'node:net';
import type { NetworkSubnetInput } from '../../proto/gen/types/liker/v1/NetworkSubnet.ts';
import type { FlagValues } from '../cli/flag.ts';
import { splitPair } from './env.ts';
import { invalidFlag } from './invalid-flag.ts';

/** Parses --subnet, and puts each --gateway, --ip-range and --aux-address into the subnet that has it, as Docker does. Throws BAD_ARGUMENT. */
export function parseSubnets(flags: FlagValues): NetworkSubnetInput[] {
  const subnets = flags.list('subnet').map((subnet) => {
    const { address, prefix } = parseBlock(subnet, 'subnet');
    const block = new BlockList();
    block.addSubnet(address, prefix, familyOf(address));
    return {
      block,
      prefix,
      fields: { subnet, gateway: '', ipRange: '', auxAddresses: new Map<string, string>() },
    };
  });
  const subnetOf = (flag: string, text: string, address: string, least = 0) => {
    const found = subnets.find(
      ({ block, prefix }) => prefix <= least && block.check(address, familyOf(address)),
    );
    if (found !== undefined) return found.fields;
    const all = flags.list('subnet').map((subnet) => ` ${subnet}`);
    throw invalidFlag(flag, text, all.length === 0 ? 'it needs --subnet' : `it is not in${all.join(' or')}`);
  };
  for (const gateway of flags.list('gateway')) {
    checkAddress('gateway', gateway, gateway);
    const fields = subnetOf('gateway', gateway, gateway, 128);
    if (fields.gateway !== '') throw invalidFlag('gateway', gateway, `${fields.subnet} has one already`);
    fields.gateway = gateway;
  }
  for (const range of flags.list('ip-range')) {
    const { address, prefix } = parseBlock(range, 'ip-range');
    const fields = subnetOf('ip-range', range, address, prefix);
    if (fields.ipRange !== '') throw invalidFlag('ip-range', range, `${fields.subnet} has one already`);
    fields.ipRange = range;
  }
  for (const item of flags.list('aux-address')) {
    const [name, address] = splitPair(item, 'aux-address');
    checkAddress('aux-address', item, address);
    subnetOf('aux-address', item, address, 128).auxAddresses.set(name, address);
  }
  return subnets.map(({ fields }) => ({
    ...fields,
    auxAddresses: Object.fromEntries(fields.auxAddresses),
  }));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function checkAddress(flag: string, text: string, address: string): void {
  if (isIP(address) === 0 || address.includes('%'))
    throw invalidFlag(flag, text, `'${address}' is not an IP address`);
}

/** ADDRESS/PREFIX. */
function parseBlock(text: string, flag: string): { readonly address: string; readonly prefix: number } {
  const [, address = '', length = ''] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  const prefix = Number(length);
  if (family === 0 || prefix > (family === 4 ? 32 : 128))
    throw invalidFlag(flag, text, 'use ADDRESS/LENGTH, such as 10.7.0.0/24 or fd00:7::/64');
  return { address, prefix };
}
