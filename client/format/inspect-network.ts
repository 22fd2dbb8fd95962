import { addressRecord, endpointRecord } from '../../common/docker-records.ts';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { PublishedPort } from '../../proto/gen/types/liker/v1/PublishedPort.ts';
import { networkMode } from './network-mode.ts';
import { exposedPorts, insidePort, singlePorts } from './ports.ts';
import { sortedMap } from './sorted-map.ts';
import { isLive } from './status.ts';

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** NetworkSettings with Docker's fields. Those of the first network also stand at the top, as in Docker those of its default bridge. */
export function networkSettings(container: Container): Record<string, unknown> {
  const [first, ...others] = container.endpoints;
  const mode = networkMode(container);
  // As in Docker, a container that uses another's network has none of its own.
  const modes = first === undefined && !mode.includes(':') ? [mode] : [];
  const networks = [
    ...modes.map((name) => [name, { NetworkID: '', ...addressRecord(undefined) }] as const),
    ...(first === undefined ? [] : [first, ...others]).map((endpoint) => {
      const record = { ...endpointRecord(endpoint, container.id), Interface: endpoint.interface };
      return [endpoint.networkName, record] as const;
    }),
  ];
  return {
    ...addressRecord(first),
    Bridge: '',
    // For nsenter --net=.
    SandboxKey: container.pid > 0 ? `/proc/${container.pid}/ns/net` : '',
    Ports: isLive(container) ? boundPorts(container) : sortedMap({}),
    Networks: sortedMap(Object.fromEntries(networks)),
  };
}

/** The exposed ports, null, and the published ones with where they are. */
function boundPorts({ spec, ports }: Container): Record<string, Binding[] | null> {
  const exposed = exposedPorts(spec?.exposedPorts ?? []).map((port) => [port, null] as const);
  return sortedMap({ ...Object.fromEntries(exposed), ...Object.fromEntries(grouped(ports, bindingOf)) });
}

/** What was asked for, by port of the container. */
export function portBindings(ports: readonly PublishedPort[]): Record<string, Binding[]> {
  return sortedMap(Object.fromEntries(grouped(ports, askedBinding)));
}

function grouped(
  ports: readonly PublishedPort[],
  show: (port: PublishedPort) => Binding,
): Map<string, Binding[]> {
  const groups = Map.groupBy(ports.flatMap(singlePorts), insidePort);
  return new Map([...groups].map(([inside, bound]) => [inside, bound.map(show)]));
}

function bindingOf({ hostAddress, hostPort }: PublishedPort): Binding {
  return { HostIp: hostAddress, HostPort: String(hostPort) };
}

/** One of a range, as Docker has it: 8000-8010. */
function askedBinding({ hostAddress, hostPort, hostPorts }: PublishedPort): Binding {
  const last = hostPorts > 1 ? `-${hostPort + hostPorts - 1}` : '';
  return { HostIp: hostAddress, HostPort: hostPort === 0 ? '' : `${hostPort}${last}` };
}
