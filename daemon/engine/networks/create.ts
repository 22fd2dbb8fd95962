import { badArgument, invalid, LikerError } from '../../../common/errors.ts';
import {
  addressBits,
  contains,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
} from '../../../common/ip-address.ts';
import { own } from '../../../common/own.ts';
import { checkLabels } from '../containers/model/container-event.ts';
import type { EngineContext } from '../context.ts';
import { requestKey, resultOf } from '../journal/requests.ts';
import type { AskedNetwork } from './api.ts';
import { cannotPolice, requireNetworks } from './host/problem.ts';
import { chooseSubnets, obstaclesFor } from './host/subnets.ts';
import { firstHost } from './model/addresses.ts';
import { checkEgress, restrictionOf } from './model/egress.ts';
import {
  checkNetworkName,
  ipvlanModes,
  macvlanModes,
  type Network,
  type NetworkDriver,
  type NetworkSpec,
  type NetworkSubnet,
  networkDrivers,
} from './model/network.ts';
import { requireFreeSubnets } from './model/pools.ts';

/** Makes a network. What it has on the host is made when a container needs it. */
export async function createNetwork(
  context: EngineContext,
  { requestId = '', ...asked }: AskedNetwork,
): Promise<Network> {
  const { name, labels, options, internal, egress, leaseId = '' } = asked;
  checkNetworkName(name, 'name');
  checkLabels(labels, 'labels');
  const driver = driverOf(asked.driver);
  checkOptions(driver, options);
  checkEgress(egress, 'egress');
  if (driver !== 'bridge' && restrictionOf(egress) !== null) throw cannotPolice(driver, 'egress');
  const given = asked.subnets.map((subnet, index) => completeSubnet(subnet, `subnets[${index}]`));
  checkFamilies(asked, given);
  const links = requireNetworks(context, `Cannot create network '${name}'`, driver);
  const request = requestKey(requestId, 'create network', asked);
  using _place = await context.networks.bringingUp.enter();
  const made = resultOf(context.journal, request);
  if (made !== null) return context.networks.get(made);
  requireName(context, name);
  const obstacles = await obstaclesFor(context, links, null);
  if (driver === 'bridge') requireFreeSubnets(given, obstacles);
  const families = given.map(({ subnet }) => parseSubnet(subnet)?.family);
  const ipv6 = families.includes(6) || (asked.ipv6 ?? (given.length === 0 && links.hasIpv6()));
  const chosen = chooseSubnets(ipv6, obstacles).filter(
    ({ subnet }) => !families.includes(parseSubnet(subnet)?.family),
  );
  // With a subnet of IPv6 alone it has IPv4 as well, as in Docker.
  const subnets = [...given, ...chosen].sort((a, b) => familyOf(a) - familyOf(b));
  const spec: NetworkSpec = { driver, internal, ipv6, subnets, options, labels, egress };
  requireName(context, name);
  context.leases.requireOpen(leaseId);
  return context.networks.create(name, spec, { leaseId, request });
}

function familyOf({ subnet }: NetworkSubnet): number {
  return parseSubnet(subnet)?.family ?? 0;
}

function requireName({ networks }: EngineContext, name: string): void {
  const other = networks.byName(name);
  if (other === null) return;
  throw new LikerError(
    'NAME_TAKEN',
    `Cannot create network '${name}': there is one of that name; choose another, or remove it with 'likerctl network rm ${name}'`,
    { field: 'name', metadata: { name, network: other.id } },
  );
}

function driverOf(text: string): NetworkDriver {
  const driver = networkDrivers.find((one) => one === (text || 'bridge'));
  if (driver === undefined) throw invalid('driver', text, `use ${networkDrivers.join(', ')}`);
  return driver;
}

/** Options by driver; Docker's names of the same stand beside. */
const knownOptions: Readonly<Record<NetworkDriver, readonly string[]>> = {
  bridge: ['mtu', 'com.docker.network.driver.mtu'],
  macvlan: ['parent', 'macvlan_mode', 'mtu', 'com.docker.network.driver.mtu'],
  ipvlan: ['parent', 'ipvlan_mode', 'mtu', 'com.docker.network.driver.mtu'],
};
const leastMtu = 68;
const mostMtu = 65_535;

function checkOptions(driver: NetworkDriver, options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!knownOptions[driver].includes(name))
      throw invalid('options', name, `a network of driver ${driver} has ${knownOptions[driver].join(', ')}`);
    checkMode(name, value);
    const mtu = Number(value);
    if (name.endsWith('mtu') && !(Number.isInteger(mtu) && mtu >= leastMtu && mtu <= mostMtu))
      throw invalid('options', `${name}=${value}`, `use a number of bytes from ${leastMtu} to ${mostMtu}`);
  }
  if (driver !== 'bridge' && !options['parent'])
    throw badArgument(
      'options',
      `Missing option parent: a network of driver ${driver} needs the interface of the host that it goes out by, as in --opt parent=eth0`,
    );
}

function checkMode(name: string, value: string): void {
  const modes: Readonly<Record<string, readonly string[]>> = {
    macvlan_mode: macvlanModes,
    ipvlan_mode: ipvlanModes,
  };
  const known = own(modes, name);
  if (known && !known.includes(value))
    throw invalid('options', `${name}=${value}`, `use ${known.join(', ')}`);
}

function checkFamilies({ ipv6 }: AskedNetwork, subnets: readonly NetworkSubnet[]): void {
  const families = subnets.map(familyOf);
  for (const family of [4, 6])
    if (families.filter((one) => one === family).length > 1)
      throw badArgument(
        'subnets',
        `Cannot create the network: it has two subnets of IPv${family}, and at most one fits`,
      );
  if (ipv6 === false && families.includes(6))
    throw badArgument('ipv6', 'Cannot create the network: it has a subnet of IPv6, and is to have no IPv6');
}

/** In its shortest form, with a gateway. Throws BAD_ARGUMENT. */
function completeSubnet(
  { subnet, gateway, ipRange, auxAddresses }: NetworkSubnet,
  field: string,
): NetworkSubnet {
  const parsed = parseSubnet(subnet);
  if (parsed === null) throw invalid(`${field}.subnet`, subnet, 'use ADDRESS/PREFIX, such as 10.201.4.0/24');
  const { family, prefix } = parsed;
  const hosts = addressBits(family) - prefix;
  if (prefix === 0 || hosts < 1)
    throw invalid(
      `${field}.subnet`,
      subnet,
      'it must have at least two addresses, and not be all that there are',
    );
  const inside = (text: string, name: string): void => {
    const address = parseAddress(text);
    if (address === null || !contains(parsed, address))
      throw invalid(`${field}.${name}`, text, `use an address in ${formatSubnet(parsed)}`);
  };
  if (gateway !== '') inside(gateway, 'gateway');
  for (const address of Object.values(auxAddresses)) inside(address, 'aux_addresses');
  const range = ipRange === '' ? null : parseSubnet(ipRange);
  if (ipRange !== '' && (range === null || !overlap(parsed, range) || range.prefix < prefix))
    throw invalid(`${field}.ip_range`, ipRange, `use a part of ${formatSubnet(parsed)}`);
  return {
    subnet: formatSubnet(parsed),
    gateway: gateway || firstHost(parsed),
    ipRange: range === null ? '' : formatSubnet(range),
    auxAddresses,
  };
}
