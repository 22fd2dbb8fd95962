import type { ContainerView } from '../../../engine/containers/api.ts';
import { livePhase } from '../../../engine/containers/model/phase.ts';
import type { PublishedPort } from '../../../engine/containers/model/spec.ts';

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** The ports that are asked for, by PORT/PROTOCOL inside. */
export function portBindings(ports: readonly PublishedPort[]): Record<string, Binding[]> {
  return grouped(ports, ({ hostAddress, hostPort, hostPorts }) => {
    const last = hostPorts > 1 ? `-${hostPort + hostPorts - 1}` : '';
    return { HostIp: hostAddress, HostPort: hostPort === 0 ? '' : `${hostPort}${last}` };
  });
}

/** Those of a container that runs, and where they are on the host. Null: exposed, and not published. */
export function boundPorts({ spec, phase, ports }: ContainerView): Record<string, Binding[] | null> {
  if (livePhase(phase) === null) return {};
  const exposed = spec.exposedPorts.flatMap(singlePorts).map((port) => [port, null] as const);
  const bound = grouped(ports, ({ hostAddress, hostPort }) => ({
    HostIp: hostAddress,
    HostPort: String(hostPort),
  }));
  return { ...Object.fromEntries(exposed), ...bound };
}

/** One line for each, as lists of containers have them. */
export function portLines({ spec, phase, ports }: ContainerView): object[] {
  if (livePhase(phase) === null) return [];
  const bound = ports.flatMap(single);
  const published = new Set(bound.map(inside));
  const exposed = spec.exposedPorts.flatMap(singlePorts).filter((port) => !published.has(port));
  return [
    ...exposed.map((port) => {
      const [number, Type] = port.split('/');
      return { PrivatePort: Number(number), Type };
    }),
    ...bound.map(({ hostAddress, hostPort, containerPort, protocol }) => ({
      ...{ IP: hostAddress, PrivatePort: containerPort, PublicPort: hostPort, Type: protocol },
    })),
  ];
}

/** Each of PORT[-PORT]/PROTOCOL. */
export function singlePorts(range: string): string[] {
  const [, first = '', last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(range) ?? [];
  const length = Number(last) - Number(first) + 1;
  return Array.from({ length }, (_, index) => `${Number(first) + index}/${protocol}`);
}

export function inside({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

export function single(port: PublishedPort): PublishedPort[] {
  return Array.from({ length: port.length }, (_, index) => ({
    ...port,
    hostPort: port.hostPort === 0 ? 0 : port.hostPort + index,
    containerPort: port.containerPort + index,
    length: 1,
  }));
}

function grouped(ports: readonly PublishedPort[], show: (port: PublishedPort) => Binding) {
  const groups = Map.groupBy(ports.flatMap(single), inside);
  return Object.fromEntries([...groups].map(([port, bound]) => [port, bound.map(show)]));
}
