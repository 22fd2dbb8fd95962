import { badArgument, hasReason, LikerError } from '../../../../common/errors.ts';
import { type Family, parseAddress } from '../../../../common/ip-address.ts';
import type { EngineContext } from '../../context.ts';
import type { HeldPorts } from '../../kernel.ts';
import { firewallPart, firewallPorts, publishedTo } from '../../networks/host/firewall-ports.ts';
import type { Endpoint } from '../../networks/model/endpoint.ts';
import type { Container } from '../model/container.ts';
import type { PublishedPort } from '../model/spec.ts';
import { requirePasta } from '../rules/connection.ts';
import { type WantedPort, wantedPorts } from '../rules/ports.ts';
import type { RunResource, Start } from './run-resource.ts';

/**
 * The container's ports of the host. Each is held by a bound socket, of which the shim gets a copy, so that it is the container's as long as
 * that lives; the firewall, or a plugin of CNI, leads from it to the container. pasta binds and leads by itself: there the sockets hold the
 * ports until then. Comes after the endpoints.
 */
export const ports: RunResource = {
  async acquire(context, start) {
    const { container } = start;
    if (container.spec.ports.length === 0 && !container.spec.publishAll) return;
    const endpoints = context.networks.endpointsOf(container.id);
    const isCni = container.spec.cni.length > 0;
    const families = familiesOf(context, container, endpoints);
    const wanted = wantedPorts(context, container.spec, families);
    if (!isCni) requireReachable(wanted, new Set(families));
    const { held, chosen } = hold(context, wanted);
    if (context.network.pasta === null) start.held.push(...held);
    else leaveToPasta(context, start, { held, chosen });
    // Stored with the start itself: before that, nobody but this likerd could take them back.
    context.ledger.remember(container, { ports: chosen });
    const { firewall } = context.network;
    if (firewall && !isCni)
      start.pending.add(firewall.apply({ add: { ports: firewallPorts(context, container, endpoints) } }));
  },

  async release(context, container) {
    await closePorts(context, container);
  },
};

/** Nothing leads to the container any more. Its sockets go with its shim. */
async function closePorts(context: EngineContext, container: Container): Promise<void> {
  if (container.facts.ports.length === 0) return;
  const { ports } = firewallPart(context, container);
  if (context.networks.restored && ports.length > 0)
    await context.network.firewall?.apply({ remove: { ports } });
  // The record of one that is removed with its end goes next.
  if (container.spec.autoRemove) context.ledger.remember(container, { ports: [] });
  else context.ledger.change(container, { facts: { ports: [] } });
}

/** Those of the addresses that ports can lead to. */
function familiesOf(
  context: EngineContext,
  container: Container,
  endpoints: readonly Endpoint[],
): readonly Family[] {
  const { pasta } = context.network;
  // What plugins of CNI will give it is not known yet; those for ports translate no ::1.
  if (container.spec.cni.length > 0) return [4];
  return pasta?.families() ?? [...publishedTo(context, container, endpoints).keys()];
}

interface Chosen {
  readonly held: readonly HeldPorts[];
  readonly chosen: readonly PublishedPort[];
}

/** All or none. */
function hold(context: EngineContext, wanted: readonly WantedPort[]): Chosen {
  const all: HeldPorts[] = [];
  try {
    const chosen = wanted.flatMap((one) => {
      const { port, hostAddresses } = one;
      const held = holdOne(context, one);
      all.push(held);
      const [hostPort = 0] = held.hostPorts;
      return hostAddresses.map((hostAddress) => ({ ...port, hostAddress, hostPort, hostPorts: 1 }));
    });
    return { held: all, chosen };
  } catch (error) {
    for (const one of all) one[Symbol.dispose]();
    throw error;
  }
}

function leaveToPasta(
  context: EngineContext,
  { reserved }: Pick<Start, 'reserved'>,
  { held, chosen }: Chosen,
): void {
  reserved.push(...held);
  requirePasta(context, chosen);
  for (const one of held) one.share();
}

/** The first of its range that is free. Errors: PORT_IN_USE. */
function holdOne(context: EngineContext, { port, hostAddresses }: WantedPort): HeldPorts {
  const { protocol, hostPort, hostPorts, length } = port;
  const last = hostPort === 0 ? 0 : hostPort + hostPorts - 1;
  for (let one = hostPort; ; one += 1) {
    const wanted = hostAddresses.map((hostAddress) => ({ ...port, hostAddress, hostPort: one }));
    try {
      // The kernel does not refuse one that pasta is about to bind.
      if (one !== 0 && context.network.pasta !== null) requireUnpublished(context, wanted);
      return context.network.holdPorts([{ protocol, hostAddresses, hostPort: one, length }]);
    } catch (error) {
      if (!hasReason(error, 'PORT_IN_USE')) throw error;
      if (one !== last) continue;
      // The kernel does not tell who holds it.
      requireUnpublished(context, wanted);
      throw error;
    }
  }
}

/** No container of this likerd has any of these ports. Looks through those of all containers. */
function requireUnpublished({ registry }: EngineContext, wanted: readonly PublishedPort[]): void {
  for (const { id, name, facts } of registry.all()) {
    const taken = facts.ports.find((one) => wanted.some((other) => overlap(one, other)));
    const asked = taken && wanted.find((other) => overlap(taken, other));
    if (!asked) continue;
    const { hostAddress: address, protocol } = asked;
    const port = Math.max(taken.hostPort, asked.hostPort);
    const place = `${address.includes(':') ? `[${address}]` : address}:${port}/${protocol}`;
    throw new LikerError(
      'PORT_IN_USE',
      `Cannot publish port ${place}: container '${name}' has it; choose another port, or end that container`,
      { metadata: { address, port: String(port), protocol, container: id } },
    );
  }
}

function overlap(one: PublishedPort, other: PublishedPort): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostPort < other.hostPort + other.length &&
    other.hostPort < one.hostPort + one.length &&
    meet(one.hostAddress, other.hostAddress)
  );
}

function meet(one: string, other: string): boolean {
  if (one === other) return true;
  const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
  return (isAny(one) || isAny(other)) && parseAddress(one)?.family === parseAddress(other)?.family;
}

/** Throws BAD_ARGUMENT for a port at an address of a family that the container has no address of. */
function requireReachable(wanted: readonly WantedPort[], families: ReadonlySet<4 | 6>): void {
  for (const { hostAddresses, port } of wanted) {
    const { hostAddress, containerPort } = port;
    const family = parseAddress(hostAddress)?.family;
    if (hostAddresses.length > 0 && (family === undefined || families.has(family))) continue;
    throw badArgument(
      'spec.ports',
      `Cannot publish port ${containerPort} at ${hostAddress || 'the host'}: the container has no such address on a network with a way out`,
    );
  }
}
