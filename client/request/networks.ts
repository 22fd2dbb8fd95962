import { isIP } from 'node:net';
import { badArgument } from '../../common/errors.ts';
import type { NetworkConnectionInput } from '../../proto/gen/types/liker/v1/NetworkConnection.ts';
import type { FlagValues } from '../cli/flag.ts';
import { splitCsv } from './csv.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

/** What --network and its companions ask for. */
export interface AskedNetworks {
  /** none, host, container:NAME or ns:/PATH; empty: a namespace of its own on these networks, or on the default one. */
  readonly mode: string;
  readonly networks: NetworkConnectionInput[];
}

/** Flags that are for the first network, as in Docker, and the field of each. */
const companions = [
  ['network-alias', 'aliases'],
  ['ip', 'ipv4'],
  ['ip6', 'ipv6'],
  ['mac-address', 'macAddress'],
] as const;

/** Parses --network, --network-alias, --ip, --ip6 and --mac-address. Throws BAD_ARGUMENT. */
export function parseNetworks(flags: FlagValues): AskedNetworks {
  const given = flags.list('network').filter((text) => text !== '');
  const beside = companions.map(([name]) => name).filter((name) => flags.text(name));
  const mode = given.map(modeOf).find((text) => text !== '');
  if (mode !== undefined) {
    if (given.length > 1)
      throw badArgument('networks', `Cannot use --network ${mode} together with another network`);
    if (beside[0] !== undefined)
      throw badArgument('networks', `Cannot use --${beside[0]} with --network ${mode}, which is no network`);
    return { mode, networks: [] };
  }
  const [first = { ...noConnection, network: '' }, ...others] = given.map(parseConnection);
  const isPlain = given.length === 0 || (given.length === 1 && networkName(given[0] ?? '') === '');
  // Nothing was asked for: the default network.
  if (isPlain && beside.length === 0) return { mode: '', networks: [] };
  return { mode: '', networks: [withFlags(first, flags), ...others] };
}

const noConnection = { aliases: [], ipv4: '', ipv6: '', macAddress: '', gwPriority: 0 };

/** The mode that --network names; empty for a network. */
function modeOf(text: string): string {
  const name = /^name=([^,]*)$/.exec(text)?.[1] ?? text;
  return name === 'none' || name === 'host' || /^(container:.|ns:\/)/s.test(name) ? name : '';
}

function withFlags(connection: NetworkConnectionInput, flags: FlagValues): NetworkConnectionInput {
  const asked = {
    ipv4: checkAddress(flags.text('ip') ?? '', 'ip', 4),
    ipv6: checkAddress(flags.text('ip6') ?? '', 'ip6', 6),
    macAddress: checkMac(flags.text('mac-address') ?? '', 'mac-address'),
  };
  const aliases = flags.list('network-alias').map((text) => checkAlias(text, 'network-alias', text));
  const twice = companions.find(([, key]) => key !== 'aliases' && connection[key] && asked[key]);
  if (twice !== undefined)
    throw badArgument('networks', `Cannot use --${twice[0]} and ${twice[0]}= of --network together`);
  return {
    ...connection,
    aliases: [...(connection.aliases ?? []), ...aliases],
    ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== '')),
  };
}

type Refuse = (why: string) => Error;

const keys = ['name', 'alias', 'ip', 'ip6', 'mac-address', 'gw-priority'];

/** Parses --network NETWORK, and Docker's name=NETWORK,alias=NAME,ip=…,ip6=…,mac-address=…,gw-priority=N. Throws BAD_ARGUMENT. */
export function parseConnection(text: string): NetworkConnectionInput {
  const refuse: Refuse = (why) => invalidFlag('network', text, why);
  if (!text.includes('=')) return { ...noConnection, network: checkNetwork(text, refuse) };
  const fields = Map.groupBy(
    splitCsv(text, 'network').map((field) => {
      const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(field) ?? [];
      return { key: key.toLowerCase(), value };
    }),
    ({ key }) => key,
  );
  for (const [key, values] of fields) {
    if (key === 'driver-opt' || key === 'link-local-ip')
      throw unsupportedFlag('network', text, `leave ${key} out`);
    if (!keys.includes(key)) throw refuse(`unknown key '${key}'; known are ${keys.join(', ')}`);
    if (key !== 'alias' && values.length > 1) throw refuse(`'${key}' is given twice`);
    if (values.some(({ value }) => value === '')) throw refuse(`'${key}' has no value`);
  }
  const field = (key: string): string => fields.get(key)?.[0]?.value ?? '';
  if (!fields.has('name')) throw refuse('the name of the network is missing: name=NETWORK');
  const name = field('name');
  if (modeOf(name) !== '') throw refuse(`with ${name} there is nothing else to say`);
  return {
    network: checkNetwork(name, refuse),
    aliases: (fields.get('alias') ?? []).map(({ value }) => checkAlias(value, 'network', text)),
    ipv4: checkAddress(field('ip'), 'network', 4, text),
    ipv6: checkAddress(field('ip6'), 'network', 6, text),
    macAddress: checkMac(field('mac-address'), 'network', text),
    gwPriority: parsePriority(field('gw-priority'), refuse),
  };
}

/** A valid name of a network, empty for the default one; undefined for another text. */
function networkName(text: string): string | undefined {
  if (text === 'default' || text === 'private') return '';
  return /^(cni:)?[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text) ? text : undefined;
}

function checkNetwork(text: string, refuse: Refuse): string {
  const name = networkName(text);
  if (name === undefined)
    throw refuse('use the name of a network, none, host, cni:NAME, container:NAME or ns:/PATH');
  return name;
}

/** The connection that the flags of `network connect` ask for. Throws BAD_ARGUMENT. */
export function connectionOf(flags: FlagValues, network: string): NetworkConnectionInput {
  return {
    network,
    aliases: flags.list('alias').map((text) => checkAlias(text, 'alias', text)),
    ipv4: checkAddress(flags.text('ip') ?? '', 'ip', 4),
    ipv6: checkAddress(flags.text('ip6') ?? '', 'ip6', 6),
    macAddress: '',
    gwPriority: parsePriority(flags.text('gw-priority') ?? '', (why) =>
      invalidFlag('gw-priority', flags.text('gw-priority') ?? '', why),
    ),
  };
}

function checkAddress(address: string, flag: string, family: 4 | 6, whole = address): string {
  if (address === '' || (isIP(address) === family && !address.includes('%'))) return address;
  throw invalidFlag(flag, whole, `'${address}' is not an IPv${family} address`);
}

/** Docker also takes hyphens, and dots after each second byte. */
function checkMac(text: string, flag: string, whole = text): string {
  if (text === '') return '';
  const digits =
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})$/i.test(text)
      ? text.toLowerCase().replaceAll(/[^0-9a-f]/g, '')
      : '';
  const first = Number.parseInt(digits.slice(0, 2), 16);
  if (digits === '')
    throw invalidFlag(flag, whole, `'${text}' is not a MAC address, such as 02:42:ac:11:00:02`);
  if (first % 2 === 1)
    throw invalidFlag(flag, whole, `'${text}' is the address of a group; the first byte must be even`);
  return digits.match(/../g)?.join(':') ?? '';
}

/** As a label of a host name. */
function checkAlias(alias: string, flag: string, whole: string): string {
  if (/^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i.test(alias)) return alias;
  throw invalidFlag(flag, whole, `'${alias}' is not a host name: use letters, digits, '-', '_' and '.'`);
}

function parsePriority(text: string, refuse: Refuse): number {
  if (!/^(-?\d{1,9})?$/.test(text)) throw refuse('gw-priority is not a whole number');
  return Number(text);
}
