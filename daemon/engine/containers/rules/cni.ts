import { badArgument, LikerError } from '../../../../common/errors.ts';
import { type CniNetwork, isAble } from '../../../kernel/cni/config.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type CniAttachment } from '../model/cni-run.ts';
import type { Container } from '../model/container.ts';
import type { ContainerSpec, NetworkConnection } from '../model/spec.ts';
import { cniBandwidth } from './network-rate.ts';

/** Throws NETWORK_UNAVAILABLE where there is no CNI. */
export function requireCni({
  network,
}: Pick<EngineContext, 'network'>): NonNullable<EngineContext['network']['cni']> {
  if (network.cni !== null) return network.cni;
  throw new LikerError(
    'NETWORK_UNAVAILABLE',
    'Cannot connect the container to a network of CNI: likerd runs without root, which plugins of CNI need; leave --network out, or use the likerd of root',
  );
}

/** Whatever configurations there are. */
export function checkCni({ cni }: Pick<ContainerSpec, 'cni'>): void {
  const [prior] = cni.filter(({ gwPriority }) => gwPriority !== 0);
  if (prior)
    throw badArgument(
      'spec.networks',
      `Cannot set gw-priority for the network of CNI '${prior.network}': its plugins choose the default route`,
    );
}

/** That the networks are there, and their plugins can do what is asked of them. Errors: NETWORK_NOT_FOUND, NETWORK_UNAVAILABLE. */
export function checkCniNetworks(context: EngineContext, spec: ContainerSpec): void {
  const cni = requireCni(context);
  const networks = spec.cni.map(({ network }) => cni.find(network));
  if (spec.ports.length === 0 && !spec.publishAll) return;
  if (networks.some((network) => isAble(network, 'portMappings'))) return;
  const names = networks.map(({ name }) => `'${name}'`).join(', ');
  throw new LikerError(
    'NETWORK_UNAVAILABLE',
    `Cannot publish ports: no plugin of the CNI network ${names} has the capability portMappings, as portmap has; add it to the configuration, or leave -p out`,
    { field: 'spec.ports' },
  );
}

/** What the plugins are told, for each network. */
export function plannedAttachments(
  networks: readonly CniNetwork[],
  container: Pick<Container, 'spec' | 'facts'>,
): CniAttachment[] {
  const { spec, facts } = container;
  const mapping = networks.find((network) => isAble(network, 'portMappings'));
  return networks.map((network, number) => {
    const asked = spec.cni[number] as NetworkConnection;
    return {
      network,
      interfaceName: `eth${number}`,
      capabilities: {
        ...commonCapabilities(spec, asked),
        ...(network === mapping && { portMappings: portMappings(facts.ports) }),
      },
      args: argsFor(network, asked),
      result: null,
    };
  });
}

function commonCapabilities(
  { name, dns, dnsSearch, dnsOptions, resources }: ContainerSpec,
  { aliases, macAddress, ...asked }: NetworkConnection,
): Record<string, unknown> {
  const ips = addressesOf(asked);
  const bandwidth = cniBandwidth(resources.network);
  const hasDns = [dns, dnsSearch, dnsOptions].some((words) => words.length > 0);
  return {
    aliases: [name, ...aliases],
    ...(ips.length > 0 && { ips }),
    ...(macAddress !== '' && { mac: macAddress }),
    ...(bandwidth && { bandwidth }),
    ...(hasDns && { dns: { servers: dns, searches: dnsSearch, options: dnsOptions } }),
  };
}

/** One by one: the plugins know nothing of ranges. */
function portMappings(ports: Container['facts']['ports']): object[] {
  return ports.flatMap(({ hostAddress, hostPort, containerPort, protocol, length }) =>
    Array.from({ length }, (_, index) => ({
      hostPort: hostPort + index,
      containerPort: containerPort + index,
      protocol,
      hostIP: hostAddress,
    })),
  );
}

/** The older way to ask for addresses, which some plugins have alone. */
function argsFor(network: CniNetwork, { macAddress, ...asked }: NetworkConnection): string {
  const [ip] = addressesOf(asked);
  return [
    'IgnoreUnknown=1',
    ...(ip !== undefined && !isAble(network, 'ips') ? [`IP=${ip}`] : []),
    ...(macAddress !== '' && !isAble(network, 'mac') ? [`MAC=${macAddress}`] : []),
  ].join(';');
}
