import { LikerError } from '../../../../common/errors.ts';
import { type Family, parseAddress } from '../../../../common/ip-address.ts';
import type { EngineContext } from '../../context.ts';
import type { Network } from '../../networks/model/network.ts';
import type { ContainerSpec, PublishedPort } from '../model/spec.ts';

/** A port that is to be published, at all of these addresses of the host. */
export interface WantedPort {
  readonly port: PublishedPort;
  readonly hostAddresses: readonly string[];
}

/** Addresses of the host at which ports are published that name none. */
export function usualAddresses({ network }: Pick<EngineContext, 'network'>): readonly string[] {
  const { pasta, publishAddresses } = network;
  if (pasta === null) return publishAddresses;
  const families = pasta.families();
  return publishAddresses.filter(isOf(families)).slice(0, pasta.mostAddresses());
}

/** What a container publishes. `families`: those in which it has an address on the network that the ports lead through. */
export function wantedPorts(
  context: Pick<EngineContext, 'network'>,
  spec: ContainerSpec,
  families: readonly Family[],
): WantedPort[] {
  const usual = usualAddresses(context).filter(isOf(families));
  return [...spec.ports, ...(spec.publishAll ? exposedAlone(spec) : [])].map((port) => ({
    port,
    hostAddresses: port.hostAddress === '' ? usual : [port.hostAddress],
  }));
}

function isOf(families: readonly Family[]): (address: string) => boolean {
  return (address) => families.some((family) => parseAddress(address)?.family === family);
}

/** Ports that are exposed and not published by themselves, each at one that is free. */
function exposedAlone({ exposedPorts, ports }: ContainerSpec): PublishedPort[] {
  const isPublished = (containerPort: number, protocol: string): boolean =>
    ports.some(
      (port) =>
        port.protocol === protocol &&
        containerPort >= port.containerPort &&
        containerPort < port.containerPort + port.length,
    );
  return exposedPorts.flatMap((text) => {
    const [, from = '', to = from, protocol = ''] = /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(text) ?? [];
    const numbers = Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index);
    return numbers
      .filter((containerPort) => !isPublished(containerPort, protocol))
      .map((containerPort) => ({
        ...{ hostAddress: '', hostPort: 0, length: 1, hostPorts: 1 },
        ...{ containerPort, protocol: protocol as PublishedPort['protocol'] },
      }));
  });
}

/** Throws NETWORK_UNAVAILABLE when a container asks for ports that no network of its can publish. */
export function requirePublishing({ ports, publishAll }: ContainerSpec, networks: readonly Network[]): void {
  if ((ports.length === 0 && !publishAll) || networks.some(publishes)) return;
  const names = networks.map(({ name }) => `'${name}'`).join(', ');
  throw new LikerError(
    'NETWORK_UNAVAILABLE',
    `Cannot publish ports: of the container's networks (${names}) none is a bridge with a way out; connect it to one that is, such as bridge, or leave -p out`,
    { field: 'spec.ports' },
  );
}

/** Whether ports can lead through it. */
export function publishes({ spec }: Network): boolean {
  return spec.driver === 'bridge' && !spec.internal;
}
