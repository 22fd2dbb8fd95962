import type { AskedSpec, NetworkConnection, PublishedPort } from '../../../engine/containers/model/spec.ts';
import { HttpError } from '../http/errors.ts';
import type { AskedEndpoint, AskedHost, CreateBody } from './create-body.ts';

/** The network namespace, the networks and the ports. */
export function parseNetworks(
  body: CreateBody,
): Pick<AskedSpec, 'networks' | 'ports' | 'publishAll'> & { readonly network: object } {
  const { NetworkMode: mode, PublishAllPorts: publishAll, PortBindings } = body.HostConfig;
  const endpoints = body.NetworkingConfig.EndpointsConfig;
  const [, other] = /^container:(.+)$/s.exec(mode) ?? [];
  // Their ports are not published: of the host's network they are open already.
  const none = { networks: [], ports: [], publishAll: false };
  if (mode === 'host') return { ...none, network: { kind: 'host' } };
  if (mode === 'none') return { ...none, network: { kind: 'private', alone: true } };
  if (other !== undefined) return { ...none, network: { kind: 'container', id: other } };
  const names = [mode, ...endpoints.keys()].map((name) => (name === 'default' ? '' : name));
  const named = [...new Set(names)].filter((name) => name !== '');
  const networks = named.map((name) => connection(name, endpoints.get(name), body));
  return {
    network: { kind: 'private', alone: false },
    networks,
    ports: [...PortBindings].flatMap(([port, bindings]) => bindings.map((one) => parsePort(port, one))),
    publishAll,
  };
}

/** `MacAddress` of the whole container is of its first network. */
function connection(
  network: string,
  endpoint: AskedEndpoint | undefined,
  { MacAddress: mac, HostConfig: { NetworkMode: mode } }: CreateBody,
): NetworkConnection {
  const parsed = parseConnection(network, endpoint);
  return parsed.macAddress === '' && network === mode ? { ...parsed, macAddress: mac } : parsed;
}

/** What a container is to be on a network. */
export function parseConnection(network: string, endpoint: AskedEndpoint | undefined): NetworkConnection {
  return {
    network,
    aliases: endpoint?.Aliases ?? [],
    ipv4: endpoint?.IPAMConfig?.IPv4Address ?? '',
    ipv6: endpoint?.IPAMConfig?.IPv6Address ?? '',
    macAddress: endpoint?.MacAddress ?? '',
    gwPriority: endpoint?.GwPriority ?? 0,
  };
}

type Binding = { readonly HostIp: string; readonly HostPort: string };

/** PORT[/PROTOCOL] inside, and where it is on the host: no port, or 0, is one that is free. */
function parsePort(inside: string, { HostIp: hostAddress, HostPort }: Binding): PublishedPort {
  const [, port = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(inside) ?? [];
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(HostPort || '0') ?? [];
  if (port === '' || first === '')
    throw new HttpError(400, `invalid port specification: '${HostPort}:${inside}'`);
  return {
    hostAddress,
    hostPort: Number(first),
    hostPorts: Math.max(1, Number(last) - Number(first) + 1),
    containerPort: Number(port),
    protocol: protocol.toLowerCase() as PublishedPort['protocol'],
    length: 1,
  };
}

/** The names of links, which this API once had in the place of networks. */
export function requireNoLinks({ Links }: AskedHost): void {
  if (Links.length > 0)
    throw new HttpError(
      400,
      `Cannot link to '${Links[0]}': containers on one network find each other by name; leave --link out`,
    );
}
