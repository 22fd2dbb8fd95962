import type { ContainerSpec, PublishedPort } from '../model/spec.ts';

/** Ports of the host that lead to ports of a container, as a person reads them. */
export interface PublishedWords {
  /** Such as 80-90/tcp. */
  readonly inside: string;
  /** Such as 127.0.0.1:8080-8090, or 127.0.0.1, any free port; one for each address. */
  readonly outside: readonly { readonly address: string; readonly text: string }[];
}

/** `addresses`: where ports are published that name none. */
export function publishedWords(spec: ContainerSpec, addresses: readonly string[]): PublishedWords[] {
  const all = spec.publishAll ? spec.exposedPorts : [];
  const asked = spec.ports.map((port) => ({
    inside: `${rangeText(port.containerPort, port.length)}/${port.protocol}`,
    outside: (port.hostAddress === '' ? addresses : [port.hostAddress]).map((address) => ({
      address,
      text: outsideText(address, port),
    })),
  }));
  const free = { hostPort: 0, hostPorts: 1, length: 1 };
  const exposed = all.map((inside) => ({
    inside,
    outside: addresses.map((address) => ({ address, text: outsideText(address, free) })),
  }));
  return [...asked, ...exposed];
}

function outsideText(
  address: string,
  { hostPort, hostPorts, length }: Pick<PublishedPort, 'hostPort' | 'hostPorts' | 'length'>,
): string {
  const host = address.includes(':') ? `[${address}]` : address;
  if (hostPort === 0) return `${host}, any free port`;
  if (hostPorts > 1) return `${host}, a free port of ${rangeText(hostPort, hostPorts)}`;
  return `${host}:${rangeText(hostPort, length)}`;
}

function rangeText(first: number, length: number): string {
  return length === 1 ? String(first) : `${first}-${first + length - 1}`;
}
