import { checkOnce, checkRange } from '../../../../common/checks.ts';
import { badArgument, invalid, LikerError } from '../../../../common/errors.ts';
import { parseAddress } from '../../../../common/ip-address.ts';
import type { EngineContext } from '../../context.ts';
import { requireNetworks } from '../../networks/host/problem.ts';
import { restrictionOf } from '../../networks/model/egress.ts';
import {
  type ContainerSpec,
  connectionsOf,
  type NetworkConnection,
  type PublishedPort,
  shareText,
} from '../model/spec.ts';
import { checkCni, checkCniNetworks } from './cni.ts';
import { requirePasta } from './connection.ts';
import { requirePolicing } from './egress.ts';
import { requirePublishing } from './ports.ts';

const maxPort = 65_535;
/** As many interfaces as the kernel gives numbers of two digits. */
const mostNetworks = 64;
const aliasPattern = /^[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,252}[a-zA-Z0-9_])?$/;
const macPattern = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;

/** Connections and ports, whatever networks there are. */
export function checkConnections(spec: ContainerSpec): void {
  const { ports, publishAll } = spec;
  const networks = connectionsOf(spec);
  checkOwnNamespace(spec);
  checkCni(spec);
  checkRange(networks.length, [0, mostNetworks], 'spec.networks');
  for (const [index, connection] of networks.entries())
    checkConnection(connection, `spec.networks[${index}]`);
  const named = networks.map(({ network }) => network);
  checkOnce(named, 'spec.networks');
  for (const [index, port] of ports.entries()) checkPort(port, `spec.ports[${index}]`);
  if (publishAll && spec.namespaces.network.kind === 'private' && spec.namespaces.network.alone)
    throw badArgument('spec.publish_all', 'Cannot publish ports: the container has no network');
}

/** Networks and ports belong to a namespace of the container's own. */
function checkOwnNamespace(spec: ContainerSpec): void {
  const { namespaces, ports, publishAll } = spec;
  const { network } = namespaces;
  if (network.kind === 'private' && !network.alone) return;
  const given =
    connectionsOf(spec).length > 0
      ? 'networks'
      : ports.length > 0
        ? 'ports'
        : publishAll
          ? 'publish_all'
          : null;
  if (given === null) return;
  const why = {
    private: 'it has none (none)',
    host: "it has the host's (host), in which its programs open ports by themselves",
    container: `it uses that of another container (${shareText(network)}); set it there`,
    path: `it uses one that was made elsewhere (${shareText(network)})`,
  }[network.kind];
  throw badArgument(
    `spec.${given}`,
    `Cannot set ${given} of a container without a network of its own: ${why}`,
  );
}

export function checkConnection(connection: NetworkConnection, field: string): void {
  const { aliases, ipv4, ipv6, macAddress, gwPriority } = connection;
  for (const [index, alias] of aliases.entries())
    if (!aliasPattern.test(alias))
      throw invalid(`${field}.aliases[${index}]`, alias, 'use the name of a host');
  checkFamily(ipv4, 4, `${field}.ipv4`);
  checkFamily(ipv6, 6, `${field}.ipv6`);
  if (macAddress !== '' && !macPattern.test(macAddress))
    throw invalid(
      `${field}.mac_address`,
      macAddress,
      'use six bytes of two hexadecimal digits, the first of them even, such as 02:42:ac:11:00:02',
    );
  checkRange(gwPriority, [-(2 ** 31), 2 ** 31 - 1], `${field}.gw_priority`);
}

function checkFamily(address: string, family: 4 | 6, field: string): void {
  if (address === '' || parseAddress(address)?.family === family) return;
  throw invalid(field, address, `use an address of IPv${family}`);
}

function checkPort(port: PublishedPort, field: string): void {
  const { hostAddress, hostPort, containerPort, length, hostPorts } = port;
  if (hostAddress !== '' && parseAddress(hostAddress) === null)
    throw invalid(`${field}.host_address`, hostAddress, 'use an address of the host');
  checkRange(containerPort, [1, maxPort, 80], `${field}.container_port`);
  checkRange(hostPort, [0, maxPort, 8080], `${field}.host_port`);
  checkRange(length, [1, maxPort + 1 - containerPort], `${field}.length`);
  if (hostPort === 0) return;
  checkRange(length, [1, maxPort + 1 - hostPort], `${field}.length`);
  checkRange(hostPorts, [1, maxPort + 1 - hostPort], `${field}.host_ports`);
}

/**
 * The networks by their ids, and where the container asks for none, the default. Errors: NETWORK_NOT_FOUND, AMBIGUOUS_ID,
 * NETWORK_UNAVAILABLE, BAD_ARGUMENT.
 */
export function withNetworks(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  const { network } = spec.namespaces;
  if (network.kind !== 'private' || network.alone) return spec;
  if (spec.cni.length > 0) checkCniNetworks(context, spec);
  if (spec.cni.length > 0 && spec.networks.length === 0) {
    requirePolicing(context, spec);
    return spec;
  }
  const isDefault = spec.networks.every(({ network: name }) => name === '');
  const { byDefault } = context.network;
  if (isDefault && byDefault === 'host') return withHosts(spec);
  if (isDefault && byDefault === 'none') return withNone(context, spec);
  if (isDefault && byDefault === 'pasta') return withPasta(context, spec);
  const asked = spec.networks.length > 0 ? spec.networks : [anyPlace];
  requireNetworks(context, 'Cannot connect the container to a network');
  const networks = asked.map((one) => ({
    ...one,
    network: context.networks.find(one.network || byDefault).id,
  }));
  checkOnce(
    networks.map(({ network: id }) => context.networks.get(id).name),
    'spec.networks',
  );
  if (spec.cni.length === 0)
    requirePublishing(
      spec,
      networks.map((one) => context.networks.get(one.network)),
    );
  requirePolicing(context, { ...spec, networks });
  return { ...spec, networks };
}

const anyPlace: NetworkConnection = {
  network: '',
  aliases: [],
  ipv4: '',
  ipv6: '',
  macAddress: '',
  gwPriority: 0,
};

function withHosts(spec: ContainerSpec): ContainerSpec {
  requireNothing(spec, 'host', 'the default is the network of the host');
  return { ...spec, namespaces: { ...spec.namespaces, network: { kind: 'host' } } };
}

function withNone(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  // It may be none because networks cannot be had.
  if (restrictionOf(spec.egress) !== null) requireNetworks(context, 'Cannot enforce an egress policy');
  if (asksForNetwork(spec)) requireNetworks(context, cannotConnect);
  requireNothing(spec, 'none', 'containers get none by default');
  // Otherwise pasta would connect it.
  if (context.network.pasta === null) return spec;
  return { ...spec, namespaces: { ...spec.namespaces, network: { kind: 'private', alone: true } } };
}

/** That connects it to no network with a name. Which ports a range gives is known at the start. */
function withPasta(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  if (spec.networks.length > 0) requireNetworks(context, cannotConnect);
  requirePolicing(context, spec);
  if (spec.ports.length > 0 || spec.publishAll)
    requirePasta(
      context,
      spec.ports.filter(({ hostPorts }) => hostPorts === 1),
    );
  return spec;
}

const cannotConnect = 'Cannot connect the container or publish its ports';

function asksForNetwork({ networks, ports, publishAll, egress }: ContainerSpec): boolean {
  return networks.length > 0 || ports.length > 0 || publishAll || restrictionOf(egress) !== null;
}

function requireNothing(spec: ContainerSpec, word: string, why: string): void {
  if (!asksForNetwork(spec)) return;
  throw new LikerError(
    'NETWORK_UNAVAILABLE',
    `${cannotConnect}: it asks for no network, and ${why} (likerd --default-network ${word}); give --network, such as --network bridge`,
    { metadata: { default: word } },
  );
}
